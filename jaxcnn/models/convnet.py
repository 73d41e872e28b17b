"""The convolutional network of a first lesson: convolve, rectify, pool, twice; then two dense layers."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import Conv, activation, check_images, initializer, max_pool


class ConvNet(nn.Module):
    """3x3 convolutions, each with a 2x2 max-pool, and a hidden layer: [B, H, W, C] -> logits [B, num_classes].

    The plan of LeNet-5 (LeCun et al. 1998, section II.B) with today's parts. UserError for images too small to pool.

    Options:
        widths: channels of each convolution.
        hidden: units of the dense layer before the last.
        activation: name of the activation after each layer but the last.
        kernel_init: name of the initialiser of all weights.
        dropout: share of the hidden layer's units dropped in training.
    """

    num_classes: int = 10
    widths: tuple[int, ...] = (32, 64)
    hidden: int = 128
    activation: str = "relu"
    kernel_init: str = "he_normal"
    dropout: float = 0.0
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "convnet", side=2 ** len(self.widths))
        kernel_init = initializer(self.kernel_init)
        conv = partial(Conv, kernel_size=(3, 3), padding="SAME", dtype=self.dtype, kernel_init=kernel_init)
        dense = partial(nn.Dense, dtype=self.dtype, kernel_init=kernel_init)
        act = activation(self.activation)
        x = images
        for width in self.widths:
            x = max_pool(act(conv(width)(x)), (2, 2), strides=(2, 2))
        x = x.reshape(x.shape[0], -1)
        x = nn.Dropout(self.dropout, deterministic=not train)(act(dense(self.hidden)(x)))
        return dense(self.num_classes)(x).astype(jnp.float32)


convnet = partial(ConvNet)
