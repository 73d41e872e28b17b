"""The convolutional network of a first lesson: convolve, rectify, pool, twice; then two dense layers."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.layers import Conv, check_images, initializer, normalization, unit_activation
from jaxcnn.models.quicknet import POOLS


class ConvNet(nn.Module):
    """3x3 convolutions, each with a 2x2 max-pool, and a hidden layer: [B, H, W, C] -> logits [B, num_classes].

    The plan of LeNet-5 (LeCun et al. 1998, section II.B) with today's parts, all of which can be exchanged.
    UserError for images too small to pool.

    Options:
        widths: channels of each stage, which ends with a pool.
        depth: convolutions of a stage.
        hidden: units of the dense layer before the last.
        activation: name of the activation after each layer but the last; or `maxout`, the greater of two channels,
            which doubles the weights.
        kernel_init: name of the initializer of all weights.
        norm: `none`, `batch`, `group` or `layer` normalization before each activation.
        norm_scale: learn the normalization's scale and shift.
        pool: `max`, `average`, or `stride`: the last convolution of a stage takes every other pixel instead.
        dropout: dropout rate of the hidden layer in training.
    """

    num_classes: int = 10
    widths: tuple[int, ...] = (32, 64)
    depth: int = 1
    hidden: int = 128
    activation: str = "relu"
    kernel_init: str = "he_normal"
    norm: str = "none"
    norm_scale: bool = True
    pool: str = "max"
    dropout: float = 0.0
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "convnet", side=2 ** len(self.widths))
        kernel_init = initializer(self.kernel_init)
        channels, act = unit_activation(self.activation)
        conv = partial(Conv, kernel_size=(3, 3), padding="SAME", dtype=self.dtype, kernel_init=kernel_init)
        dense = partial(nn.Dense, dtype=self.dtype, kernel_init=kernel_init)
        norm = partial(normalization, self.norm, train=train, affine=self.norm_scale, dtype=self.dtype)
        pool = lookup(POOLS, self.pool, "pool")
        x = images
        for stage, width in enumerate(self.widths, 1):
            for index in range(1, self.depth + 1):
                strides = 2 if index == self.depth and pool is None else 1
                x = conv(width * channels, strides=strides, name=f"stage{stage}_conv{index}")(x)
                x = act(norm(x=x, name=f"stage{stage}_norm{index}"))
            x = pool(x, (2, 2), strides=(2, 2)) if pool else x
        x = dense(self.hidden * channels, name="dense1")(x.reshape(x.shape[0], -1))
        x = act(norm(x=x, name="norm1"))
        x = nn.Dropout(self.dropout, deterministic=not train, name="dropout")(x)
        return dense(self.num_classes, name="head")(x).astype(jnp.float32)


MODELS = {"convnet": partial(ConvNet)}
