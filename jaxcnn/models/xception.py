"""Xception: Inception taken to its end, every convolution separable, with residuals."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import BatchNorm, ConvNorm, Head, SeparableConv, activation, check_images, max_pool
from jaxcnn.layers.activations import Activation
from jaxcnn.layers.branches import Unit, run_stem

STEM = (Unit(32, 3, 2, "VALID"), Unit(64, 3, 1, "VALID"))
# Figure 5: widths of the separable convolutions of each block; all but the middle blocks halve the image.
ENTRY = ((128, 128), (256, 256), (728, 728))
MIDDLE = (728, 728, 728)
EXIT = (728, 1024)
FINAL = (1536, 2048)


class XceptionBlock(nn.Module):
    """Separable convolutions beside a shortcut, summed: [B, H, W, C] -> [B, H / strides, W / strides, widths[-1]].

    Activations come before the convolutions (not before the first one if not `preactivate`); a block that halves the
    image ends in a 3x3 max-pool and has a 1x1 convolution for a shortcut.
    """

    widths: tuple[int, ...]
    strides: int
    unit: Callable[..., nn.Module]
    separable: Callable[..., nn.Module]
    norm: Callable[..., nn.Module]
    act: Activation
    preactivate: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shortcut = x
        if self.strides > 1:
            shortcut = self.unit(self.widths[-1], 1, self.strides, activation="identity", name="shortcut")(x)
        for index, width in enumerate(self.widths, 1):
            x = self.act(x) if index > 1 or self.preactivate else x
            x = self.norm(name=f"norm{index}")(self.separable(width, name=f"separable{index}")(x))
        if self.strides > 1:
            x = max_pool(x, (3, 3), strides=(2, 2), padding=((1, 1), (1, 1)))
        return x + shortcut


class Xception(nn.Module):
    """Entry, middle and exit flow: [B, H, W, C] -> logits [B, num_classes].

    UserError for images under 32 pixels. Source: Chollet 2017, arXiv:1610.02357, figure 5; conventions of timm (one
    pixel of padding on every side, epsilon 1e-5; Keras pads SAME and has 1e-3).

    Options:
        middle: blocks of the middle flow.
        dropout: dropout rate of the last features in training.
        width: factor on the channels of all convolutions.
    """

    num_classes: int = 10
    middle: int = 8
    dropout: float = 0.0
    width: float = 1.0
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "xception", side=32)
        norm = partial(BatchNorm, use_running_average=not train, dtype=self.dtype)
        act = activation(self.activation)
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        unit = partial(ConvNorm, activation=self.activation, train=train, **settings)
        separable = partial(SeparableConv, **settings)
        block = partial(XceptionBlock, unit=unit, separable=separable, norm=norm, act=act)

        def scaled(widths: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(max(1, round(width * self.width)) for width in widths)

        x = run_stem(images, STEM, partial(unit, multiplier=self.width))
        for index, widths in enumerate(ENTRY, 1):
            x = block(scaled(widths), 2, preactivate=index > 1, name=f"entry_block{index}")(x)
        for index in range(1, self.middle + 1):
            x = block(scaled(MIDDLE), 1, name=f"middle_block{index}")(x)
        x = block(scaled(EXIT), 2, name="exit_block1")(x)
        for index, width in enumerate(scaled(FINAL), 1):
            x = act(norm(name=f"final_norm{index}")(separable(width, name=f"final_separable{index}")(x)))
        return Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(x)


MODELS = {"xception_299": partial(Xception)}
