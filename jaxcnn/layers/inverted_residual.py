"""The block of the mobile networks: widen, filter each channel, narrow."""

from collections.abc import Callable

import jax
from flax import linen as nn

from jaxcnn.layers.drop_path import DropPath
from jaxcnn.layers.squeeze_excite import SqueezeExcite


class InvertedResidual(nn.Module):
    """A 1x1 convolution to `expanded` channels, a depthwise one, a linear 1x1: [B, H, W, C] -> [B, H', W', width].

    The input is added where the shape is kept; the expansion is left out where it would not widen.
    Source: Sandler et al. 2018, arXiv:1801.04381, figure 3d; with squeeze-and-excitation after the depthwise
    convolution Howard et al. 2019, arXiv:1905.02244, figure 4.

    Options:
        unit: makes the convolutions, each with its normalization and activation: a partial ConvNorm.
        squeeze: makes the squeeze-and-excitation, if there is one.
        drop_path: rate at which examples skip the block in training, where it is residual.
    """

    width: int
    expanded: int
    kernel: int
    strides: int
    unit: Callable[..., nn.Module]
    squeeze: Callable[..., SqueezeExcite] | None = None
    drop_path: float = 0.0
    train: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = x
        if self.expanded != x.shape[-1]:
            y = self.unit(self.expanded, 1, name="expand")(y)
        y = self.unit(self.expanded, self.kernel, self.strides, groups=self.expanded, name="depthwise")(y)
        if self.squeeze is not None:
            y = self.squeeze(name="squeeze_excite")(y)
        y = self.unit(self.width, 1, activation="identity", name="project")(y)
        if y.shape != x.shape:
            return y
        return x + DropPath(self.drop_path, deterministic=not self.train, name="drop_path")(y)


def round_channels(channels: float) -> int:
    """The multiple of 8 nearest to `channels`, but at least 8 and never more than a tenth below it.

    Source: `make_divisible` of the MobileNet v2 code; every width multiplier rounds so.
    """
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8
