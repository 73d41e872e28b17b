"""MobileNet v1: each convolution split into a depthwise and a 1x1 one."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import ConvNorm, Head, check_images, round_channels

# Table 1: width and stride of each depthwise separable block. The "s2" of the table's last block is a misprint.
ROWS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))


class SeparableBlock(nn.Module):
    """A depthwise convolution and a 1x1 one, each normalized and activated: [B, H, W, C] -> [B, H', W', width].

    Source: Howard et al. 2017, arXiv:1704.04861, figure 3.
    """

    width: int
    stride: int
    unit: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        channels = x.shape[-1]
        x = self.unit(channels, 3, self.stride, groups=channels, name="depthwise")(x)
        return self.unit(self.width, 1, name="pointwise")(x)


class MobileNetV1(nn.Module):
    """Depthwise and 1x1 convolutions in turn: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Howard et al. 2017, arXiv:1704.04861, table 1. `mobilenet_v1` is kuangliu/pytorch-cifar's, whose stem has
    stride 1; `mobilenet_v1_224` timm's. Both pad one pixel on every side, where TensorFlow pads SAME.

    Options:
        rows: width and stride of each block.
        stem_stride: stride of the first convolution.
        dropout: dropout rate of the last features in training.
        width: factor on all channels.
    """

    num_classes: int = 10
    rows: tuple[tuple[int, int], ...] = ROWS
    stem_stride: int = 1
    dropout: float = 0.0
    width: float = 1.0
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "mobilenet_v1", side=16)
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        unit = partial(ConvNorm, activation=self.activation, train=train, **settings)
        x = unit(round_channels(32 * self.width), 3, self.stem_stride, name="stem")(images)
        for index, (width, stride) in enumerate(self.rows, 1):
            x = SeparableBlock(round_channels(width * self.width), stride, unit, name=f"block{index}")(x)
        return Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(x)


MODELS = {
    "mobilenet_v1": partial(MobileNetV1),
    "mobilenet_v1_224": partial(MobileNetV1, stem_stride=2, activation="relu6"),
}
