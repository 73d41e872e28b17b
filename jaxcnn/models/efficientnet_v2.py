"""EfficientNet v2: a search for fast training, which fuses the early expansions with their 3x3 convolutions."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.layers import ConvNorm, DropPath, Head, InvertedResidual, SqueezeExcite, check_images
from jaxcnn.models.stem import Make

Row = tuple[str, int, int, int, int, int]
Squeeze = Callable[..., SqueezeExcite]
# Table 4, and for M and L the authors' code: operator, expansion, kernel, stride of the first, width, blocks.
S: tuple[Row, ...] = (
    ("fused", 1, 3, 1, 24, 2),
    ("fused", 4, 3, 2, 48, 4),
    ("fused", 4, 3, 2, 64, 4),
    ("mbconv", 4, 3, 2, 128, 6),
    ("mbconv", 6, 3, 1, 160, 9),
    ("mbconv", 6, 3, 2, 256, 15),
)
M: tuple[Row, ...] = (
    ("fused", 1, 3, 1, 24, 3),
    ("fused", 4, 3, 2, 48, 5),
    ("fused", 4, 3, 2, 80, 5),
    ("mbconv", 4, 3, 2, 160, 7),
    ("mbconv", 6, 3, 1, 176, 14),
    ("mbconv", 6, 3, 2, 304, 18),
    ("mbconv", 6, 3, 1, 512, 5),
)
L: tuple[Row, ...] = (
    ("fused", 1, 3, 1, 32, 4),
    ("fused", 4, 3, 2, 64, 7),
    ("fused", 4, 3, 2, 96, 7),
    ("mbconv", 4, 3, 2, 192, 10),
    ("mbconv", 6, 3, 1, 224, 19),
    ("mbconv", 6, 3, 2, 384, 25),
    ("mbconv", 6, 3, 1, 640, 7),
)


class FusedBlock(nn.Module):
    """A full convolution that widens and filters at once, and a linear 1x1: [B, H, W, C] -> [B, H', W', width].

    Without expansion the first is all. The input is added where the shape is kept.
    Source: Tan and Le 2021, arXiv:2104.00298, figure 2.
    """

    width: int
    expansion: int
    kernel: int
    strides: int
    unit: Make
    drop_path: float
    train: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        wide = self.expansion * x.shape[-1] if self.expansion > 1 else self.width
        y = self.unit(wide, self.kernel, self.strides, name="fused")(x)
        if self.expansion > 1:
            y = self.unit(self.width, 1, activation="identity", name="project")(y)
        if y.shape != x.shape:
            return y
        return x + DropPath(self.drop_path, deterministic=not self.train, name="drop_path")(y)


def fused(row: Row, channels: int, strides: int, unit: Make, squeeze: Squeeze) -> Make:
    _, expansion, kernel, _, width, _ = row
    return partial(FusedBlock, width, expansion, kernel, strides, unit)


def mbconv(row: Row, channels: int, strides: int, unit: Make, squeeze: Squeeze) -> Make:
    """An inverted residual that squeezes to a quarter of the channels that come in."""
    _, expansion, kernel, _, width, _ = row
    return partial(
        InvertedResidual, width, expansion * channels, kernel, strides, unit, partial(squeeze, channels // 4)
    )


OPERATORS = {"fused": fused, "mbconv": mbconv}


class EfficientNetV2(nn.Module):
    """Fused stages, then inverted residuals with squeeze-and-excitation: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Tan and Le 2021, arXiv:2104.00298, table 4; conventions of torchvision (explicit padding, squeeze to a
    quarter of the block's input, an epsilon of 1e-3).

    Options:
        rows: operator (fused or mbconv), expansion, kernel, stride, width and blocks of each stage.
        stem_stride: stride of the first convolution, which has the first stage's width.
        final: channels of the last convolution.
        dropout: dropout rate of the last features in training.
        drop_path: rate at which examples skip the last block in training; it grows linearly from 0 with depth.
    """

    num_classes: int = 10
    rows: tuple[Row, ...] = S
    stem_stride: int = 2
    final: int = 1280
    dropout: float = 0.2
    drop_path: float = 0.2
    activation: str = "silu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "efficientnet_v2", side=16 * self.stem_stride)
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        unit = partial(ConvNorm, activation=self.activation, epsilon=1e-3, train=train, **settings)
        squeeze = partial(SqueezeExcite, activation=self.activation, **settings)
        total, done = sum(row[-1] for row in self.rows), 0
        x = unit(self.rows[0][4], 3, self.stem_stride, name="stem")(images)
        for stage, row in enumerate(self.rows, 1):
            operator, *_, stride, _, blocks = row
            for index in range(1, blocks + 1):
                make = lookup(OPERATORS, operator, "operator")
                block = make(row, x.shape[-1], stride if index == 1 else 1, unit, squeeze)
                rate, name = self.drop_path * done / total, f"stage{stage}_block{index}"
                x = block(drop_path=rate, train=train, name=name)(x)
                done += 1
        x = unit(self.final, 1, name="final")(x)
        return Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(x)


MODELS = {
    "efficientnet_v2_s_384": partial(EfficientNetV2),
    "efficientnet_v2_m_480": partial(EfficientNetV2, rows=M, dropout=0.3),
    "efficientnet_v2_l_480": partial(EfficientNetV2, rows=L, dropout=0.4),
}
