"""EfficientNet: a searched network of inverted residuals with squeeze-and-excitation, B0, and seven larger ones."""

from functools import partial
from math import ceil

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import ConvNorm, Head, InvertedResidual, SqueezeExcite, check_images, round_channels

# Table 1: expansion, kernel, stride of the first, width, blocks.
ROWS_224 = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
ROWS = (ROWS_224[0], (6, 3, 1, 24, 2), *ROWS_224[2:])


class EfficientNet(nn.Module):
    """Seven stages of inverted residuals: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Tan and Le 2019, arXiv:1905.11946, table 1; conventions of torchvision (explicit padding, squeeze to a
    quarter of the block's input, an epsilon of 1e-5 and from B5 on of 1e-3). `efficientnet_b0` leaves out the first two
    halvings; no published network has its strides (kuangliu/pytorch-cifar's has neither the last convolution nor B0's
    strides).

    Options:
        rows: expansion, kernel, stride, width and blocks of each stage.
        stem_stride: stride of the first convolution.
        dropout: dropout rate of the last features in training.
        drop_path: rate at which examples skip the last block in training; it grows linearly from 0 with depth.
        width: factor on all channels, rounded to multiples of 8.
        depth: factor on the blocks of each stage, rounded up.
        epsilon, momentum: of the normalization.
    """

    num_classes: int = 10
    rows: tuple[tuple[int, int, int, int, int], ...] = ROWS
    stem_stride: int = 1
    dropout: float = 0.2
    drop_path: float = 0.2
    width: float = 1.0
    depth: float = 1.0
    epsilon: float = 1e-5
    momentum: float = 0.9
    activation: str = "silu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "efficientnet", side=8)
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        norm = {"epsilon": self.epsilon, "momentum": self.momentum}
        unit = partial(ConvNorm, activation=self.activation, train=train, **norm, **settings)
        squeeze = partial(SqueezeExcite, activation=self.activation, **settings)
        total = sum(ceil(row[-1] * self.depth) for row in self.rows)
        x = unit(round_channels(32 * self.width), 3, self.stem_stride, name="stem")(images)
        done = 0
        for stage, (expansion, kernel, stride, width, blocks) in enumerate(self.rows, 1):
            for index in range(1, ceil(blocks * self.depth) + 1):
                channels = x.shape[-1]
                x = InvertedResidual(
                    round_channels(width * self.width),
                    expansion * channels,
                    kernel,
                    stride if index == 1 else 1,
                    unit,
                    partial(squeeze, channels // 4),
                    self.drop_path * done / total,
                    train,
                    name=f"stage{stage}_block{index}",
                )(x)
                done += 1
        x = unit(4 * x.shape[-1], 1, name="final")(x)
        return Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(x)


LARGE = partial(EfficientNet, rows=ROWS_224, stem_stride=2)
# Section 3.3 scales width and depth together with the image, whose sides are torchvision's.
STEADY = {"epsilon": 1e-3, "momentum": 0.99}
MODELS = {
    "efficientnet_b0": partial(EfficientNet),
    "efficientnet_b0_224": partial(LARGE),
    "efficientnet_b1_240": partial(LARGE, width=1.0, depth=1.1, dropout=0.2),
    "efficientnet_b2_288": partial(LARGE, width=1.1, depth=1.2, dropout=0.3),
    "efficientnet_b3_300": partial(LARGE, width=1.2, depth=1.4, dropout=0.3),
    "efficientnet_b4_380": partial(LARGE, width=1.4, depth=1.8, dropout=0.4),
    "efficientnet_b5_456": partial(LARGE, width=1.6, depth=2.2, dropout=0.4, **STEADY),
    "efficientnet_b6_528": partial(LARGE, width=1.8, depth=2.6, dropout=0.5, **STEADY),
    "efficientnet_b7_600": partial(LARGE, width=2.0, depth=3.1, dropout=0.5, **STEADY),
}
