"""RegNet: residual networks of grouped bottlenecks whose widths grow along a line; Y ones gate their channels too."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import (
    BatchNorm,
    Conv,
    ConvNorm,
    Head,
    SqueezeExcite,
    activation,
    check_images,
    check_stages,
    initializer,
)
from jaxcnn.models.residual import ResidualBlock, project_shortcut
from jaxcnn.models.stem import Make

MULTIPLE = 8
"""Of which all widths are multiples before they are fitted to the groups."""


class RegNetBlock(ResidualBlock):
    """1x1, grouped 3x3 and 1x1 convolutions of one width; the gate is behind the 3x3.

    Source: Radosavovic et al. 2020, arXiv:2003.13678, figure 4 (bottleneck ratio 1) and section 5 (Y).
    """

    groups: int = 1
    squeeze: Make | None = None

    def branch(self, x: jax.Array) -> jax.Array:
        point = partial(self.conv, kernel_size=(1, 1), padding=0)
        y = self.act(self.norm(name="norm1")(point(self.width, name="conv1")(x)))
        y = self.conv(self.width, strides=self.stride, feature_group_count=self.groups, name="conv2")(y)
        y = self.act(self.norm(name="norm2")(y))
        if self.squeeze is not None:
            y = self.squeeze(round(x.shape[-1] / 4), name="squeeze_excite")(y)
        return self.last_norm("norm3")(point(self.width, name="conv3")(y))


class RegNet(nn.Module):
    """A stem and four stages of blocks, each of which halves the image: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Radosavovic et al. 2020, arXiv:2003.13678, section 3.3 and tables 2 to 4 of its appendix; conventions of
    torchvision. `stem_stride=1` suits small images.

    Options:
        blocks, widths: blocks and channels of each stage; `linear_widths` gives those of the paper.
        group_width: channels of a group of the 3x3 convolutions, or all of a stage that has fewer.
        squeeze: gate the channels, with a quarter of the channels of the block's input inside: a Y network.
        stem: channels of the first convolution.
        stem_stride: its stride.
    """

    num_classes: int = 10
    blocks: tuple[int, ...] = (1, 2, 7, 12)
    widths: tuple[int, ...] = (32, 64, 160, 400)
    group_width: int = 16
    squeeze: bool = False
    stem: int = 32
    stem_stride: int = 2
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_stages("regnet", blocks=self.blocks, widths=self.widths)
        check_images(images, "regnet", side=2 ** len(self.blocks) * self.stem_stride)
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        unit = partial(ConvNorm, activation=self.activation, train=train, **settings)
        kernel_init = initializer(self.kernel_init)
        conv = partial(Conv, kernel_size=(3, 3), padding=1, use_bias=False, dtype=self.dtype, kernel_init=kernel_init)
        block = partial(
            RegNetBlock,
            shortcut=project_shortcut,
            unit=unit,
            conv=conv,
            norm=partial(BatchNorm, use_running_average=not train, dtype=self.dtype),
            act=activation(self.activation),
            squeeze=partial(SqueezeExcite, activation=self.activation, **settings) if self.squeeze else None,
        )
        x = unit(self.stem, 3, self.stem_stride, name="stem")(images)
        for stage, (blocks, width) in enumerate(zip(self.blocks, self.widths, strict=True), 1):
            groups = width // min(self.group_width, width)
            for index in range(1, blocks + 1):
                stride = 2 if index == 1 else 1
                x = block(width, stride, groups=groups, name=f"stage{stage}_block{index}")(x)
        return Head(self.num_classes, kernel_init=initializer("normal(0.01)"), dtype=self.dtype, name="head")(x)


def linear_widths(
    depth: int, initial: int, slope: float, factor: float, group: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Blocks and widths of the stages: widths initial + slope * block, rounded to steps of a factor, fitted to groups.

    Source: Radosavovic et al. 2020, arXiv:2003.13678, equations 2 to 4.
    """
    line = initial + slope * np.arange(depth)
    steps = np.round(np.log(line / initial) / np.log(factor))
    each = (np.round(initial * factor**steps / MULTIPLE) * MULTIPLE).astype(int).tolist()
    widths = list(dict.fromkeys(each))
    return tuple(map(each.count, widths)), tuple(_fitted(width, min(group, width)) for width in widths)


def _fitted(width: int, group: int) -> int:
    """The multiple of `group` nearest to `width`, but never more than a tenth below it."""
    rounded = max(group, (2 * width + group) // (2 * group) * group)
    return rounded if rounded >= 0.9 * width else rounded + group


def _x(*line: float, squeeze: bool = False) -> partial[RegNet]:
    depth, initial, slope, factor, group = line
    blocks, widths = linear_widths(int(depth), int(initial), slope, factor, int(group))
    return partial(RegNet, blocks=blocks, widths=widths, group_width=int(group), squeeze=squeeze)


_y = partial(_x, squeeze=True)
# Blocks, then w_0, w_a and w_m of the line, then the group's width.
MODELS = {
    "regnet_x_400mf_224": _x(22, 24, 24.48, 2.54, 16),
    "regnet_x_800mf_224": _x(16, 56, 35.73, 2.28, 16),
    "regnet_x_1_6gf_224": _x(18, 80, 34.01, 2.25, 24),
    "regnet_x_3_2gf_224": _x(25, 88, 26.31, 2.25, 48),
    "regnet_x_8gf_224": _x(23, 80, 49.56, 2.88, 120),
    "regnet_x_16gf_224": _x(22, 216, 55.59, 2.1, 128),
    "regnet_x_32gf_224": _x(23, 320, 69.86, 2.0, 168),
    "regnet_y_400mf_224": _y(16, 48, 27.89, 2.09, 8),
    "regnet_y_800mf_224": _y(14, 56, 38.84, 2.4, 16),
    "regnet_y_1_6gf_224": _y(27, 48, 20.71, 2.65, 24),
    "regnet_y_3_2gf_224": _y(21, 80, 42.63, 2.66, 24),
    "regnet_y_8gf_224": _y(17, 192, 76.82, 2.19, 56),
    "regnet_y_16gf_224": _y(18, 200, 106.23, 2.48, 112),
    "regnet_y_32gf_224": _y(20, 232, 115.89, 2.53, 232),
    "regnet_y_128gf_224": _y(27, 456, 160.83, 2.52, 264),
}
