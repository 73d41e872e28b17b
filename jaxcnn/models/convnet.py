"""The convolutional network of a first lesson: convolve, rectify, pool, twice; then two dense layers."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.layers import Conv, activation, avg_pool, check_images, initializer, max_pool, normalization

POOLS: dict[str, Callable[..., jax.Array] | None] = {"max": max_pool, "average": avg_pool, "stride": None}
MAXOUT_PIECES = 2


class ConvNet(nn.Module):
    """3x3 convolutions, each with a 2x2 max-pool, and a hidden layer: [B, H, W, C] -> logits [B, num_classes].

    The plan of LeNet-5 (LeCun et al. 1998, section II.B) with today's parts, all of which can be exchanged: the
    experiments on single parts train this network. UserError for images too small to pool.

    Options:
        widths: channels of each stage, which ends with a pool.
        depth: convolutions of a stage.
        hidden: units of the dense layer before the last.
        activation: name of the activation after each layer but the last; or `maxout`, the greatest of two linear
            pieces, which doubles the weights (Goodfellow et al. 2013, arXiv:1302.4389).
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
        conv = partial(Conv, kernel_size=(3, 3), padding="SAME", dtype=self.dtype, kernel_init=kernel_init)
        dense = partial(nn.Dense, dtype=self.dtype, kernel_init=kernel_init)
        pool = lookup(POOLS, self.pool, "pool")
        x = images
        for stage, width in enumerate(self.widths, 1):
            for index in range(1, self.depth + 1):
                strides = 2 if index == self.depth and pool is None else 1
                x = conv(self._units(width), strides=strides, name=f"stage{stage}_conv{index}")(x)
                x = self._activate(x, train, f"stage{stage}_norm{index}")
            x = pool(x, (2, 2), strides=(2, 2)) if pool else x
        x = x.reshape(x.shape[0], -1)
        x = self._activate(dense(self._units(self.hidden), name="dense1")(x), train, "norm1")
        x = nn.Dropout(self.dropout, deterministic=not train, name="dropout")(x)
        return dense(self.num_classes, name="head")(x).astype(jnp.float32)

    def _units(self, width: int) -> int:
        return width * MAXOUT_PIECES if self.activation == "maxout" else width

    def _activate(self, x: jax.Array, train: bool, norm: str) -> jax.Array:
        x = normalization(self.norm, x, train, self.norm_scale, self.dtype, name=norm)
        if self.activation == "maxout":
            return x.reshape(*x.shape[:-1], -1, MAXOUT_PIECES).max(-1)
        return activation(self.activation)(x)


MODELS = {"convnet": partial(ConvNet)}
