"""How the residual and the dense networks begin on large images, and how they end on all."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import initializer, max_pool
from jaxcnn.layers.activations import Activation

Make = Callable[..., nn.Module]


def large_stem(images: jax.Array, width: int, conv: Make, norm: Make, act: Activation) -> jax.Array:
    """A 7x7 convolution and a 3x3 max-pool, both of stride 2: [B, H, W, C] -> [B, H / 4, W / 4, width].

    Padded on every side alike, which "SAME" would not do. Source: He et al. 2015, arXiv:1512.03385, table 1.
    """
    x = act(norm()(conv(width, kernel_size=(7, 7), strides=2, padding=3)(images)))
    return max_pool(x, (3, 3), strides=(2, 2), padding=((1, 1), (1, 1)))


def average_head(x: jax.Array, num_classes: int, dtype: DTypeLike) -> jax.Array:
    """The average over the image and one dense layer: [B, H, W, C] -> float32 logits [B, num_classes].

    Source: Lin et al. 2014, "Network in Network", arXiv:1312.4400, section 3.2.
    """
    head = nn.Dense(num_classes, dtype=dtype, kernel_init=initializer("torch_uniform"))
    return head(x.mean(axis=(1, 2))).astype(jnp.float32)
