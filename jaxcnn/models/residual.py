"""Residual blocks as first published: the activation comes after the sum of branch and shortcut."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import SqueezeExcite
from jaxcnn.layers.activations import Activation
from jaxcnn.models.stem import Make


def pad_shortcut(x: jax.Array, width: int, stride: int, unit: Make) -> jax.Array:
    """Option A: every `stride`-th pixel, and zeros for the channels that `x` lacks; no parameters."""
    return jnp.pad(x[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (0, width - x.shape[-1])))


def pad_both_shortcut(x: jax.Array, width: int, stride: int, unit: Make) -> jax.Array:
    """Option A with half of the zeros before and half behind, as in akamaster/pytorch_resnet_cifar10."""
    lacking = width - x.shape[-1]
    return jnp.pad(x[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (lacking // 2, lacking - lacking // 2)))


def project_shortcut(x: jax.Array, width: int, stride: int, unit: Make) -> jax.Array:
    """Option B: a 1x1 convolution, normalized."""
    return unit(width, 1, stride, activation="identity", name="shortcut")(x)


# Of blocks that change the shape; the others take `x` itself. "none" has no shortcut in any block: a plain network.
SHORTCUTS: dict[str, Callable[..., jax.Array] | None] = {
    "A": pad_shortcut,
    "A_both": pad_both_shortcut,
    "B": project_shortcut,
    "none": None,
}


def exciter(reduction: int, dtype: DTypeLike) -> Make | None:
    """Makes the squeeze-excitation of so many channels, squeezed `reduction` times; None for a reduction of 0."""
    if not reduction:
        return None
    return lambda channels: SqueezeExcite(max(1, channels // reduction), dtype=dtype, name="squeeze_excite")


class ResidualBlock(nn.Module):
    """A branch of convolutions beside a shortcut, summed: [B, H, W, C] -> [B, H / stride, W / stride, channels].

    With the branch at zero and the shape kept, the block is the identity on the output of an activation.
    Source: He et al. 2015, arXiv:1512.03385, equation 1; `excite` scales the branch before the sum (Hu et al. 2018,
    arXiv:1709.01507, figure 3).
    """

    width: int
    stride: int
    shortcut: Callable[..., jax.Array] | None
    unit: Make
    conv: Make
    norm: Make
    act: Activation
    zero_gamma: bool = False
    excite: Make | None = None

    def branch(self, x: jax.Array) -> jax.Array:
        raise NotImplementedError

    def last_norm(self, name: str) -> nn.Module:
        return self.norm(scale_init=nn.initializers.zeros if self.zero_gamma else nn.initializers.ones, name=name)

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.branch(x)
        if self.excite is not None:
            y = self.excite(y.shape[-1])(y)
        if self.shortcut is None:
            return self.act(y)
        if x.shape != y.shape:
            x = self.shortcut(x, y.shape[-1], self.stride, self.unit)
        return self.act(x + y)


class BasicBlock(ResidualBlock):
    """Two 3x3 convolutions of `width` channels (He et al. 2015, figure 5, left)."""

    def branch(self, x: jax.Array) -> jax.Array:
        y = self.conv(self.width, strides=self.stride, name="conv1")(x)
        y = self.conv(self.width, name="conv2")(self.act(self.norm(name="norm1")(y)))
        return self.last_norm("norm2")(y)


class Bottleneck(ResidualBlock):
    """1x1, 3x3 and 1x1 convolutions; the last gives 4 x `width` channels (He et al. 2015, figure 5, right).

    The 3x3 has `groups` groups of `group_width` channels for every 64 of `width` (Xie et al. 2017, arXiv:1611.05431,
    figure 3c). It also has the stride, as in fb.resnet.torch and torchvision ("v1.5"); the paper has it on the
    first 1x1.
    """

    groups: int = 1
    group_width: int = 64

    def branch(self, x: jax.Array) -> jax.Array:
        inner = self.width * self.group_width // 64 * self.groups
        point = partial(self.conv, kernel_size=(1, 1), padding=0)
        y = self.act(self.norm(name="norm1")(point(inner, name="conv1")(x)))
        y = self.conv(inner, strides=self.stride, feature_group_count=self.groups, name="conv2")(y)
        y = point(4 * self.width, name="conv3")(self.act(self.norm(name="norm2")(y)))
        return self.last_norm("norm3")(y)
