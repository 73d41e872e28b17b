"""ShuffleNet v2: half of the channels pass through each block untouched, and the halves are shuffled."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import UserError
from jaxcnn.layers import ConvNorm, Head, check_images, check_stages, max_pool


def shuffle_channels(x: jax.Array, groups: int = 2) -> jax.Array:
    """Interleave `groups` runs of channels: a0 a1 b0 b1 -> a0 b0 a1 b1; [B, H, W, C] -> the same."""
    split = x.reshape(*x.shape[:-1], groups, -1)
    return split.swapaxes(-1, -2).reshape(x.shape)


class ShuffleBlock(nn.Module):
    """Two paths joined and shuffled: [B, H, W, C] -> [B, H / strides, W / strides, width].

    At stride 1 one path is half of the input itself; else both convolve the whole.
    Source: Ma et al. 2018, arXiv:1807.11164, figure 3c and d.
    """

    width: int
    strides: int
    unit: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        half = self.width // 2
        kept, y = jnp.split(x, 2, axis=-1) if self.strides == 1 else (x, x)
        if self.strides > 1:
            depthwise = partial(self.unit, kept.shape[-1], 3, self.strides, groups=kept.shape[-1])
            kept = depthwise(activation="identity", name="shortcut_depthwise")(kept)
            kept = self.unit(half, 1, name="shortcut_pointwise")(kept)
        y = self.unit(half, 1, name="pointwise1")(y)
        y = self.unit(half, 3, self.strides, groups=half, activation="identity", name="depthwise")(y)
        y = self.unit(half, 1, name="pointwise2")(y)
        return shuffle_channels(jnp.concatenate([kept, y], axis=-1))


class ShuffleNetV2(nn.Module):
    """A stem, three stages of shuffled blocks, a 1x1 convolution: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small, or an odd width.
    Source: Ma et al. 2018, arXiv:1807.11164, table 5; conventions of torchvision. `shufflenet_v2` has a stem of stride
    1 without pool, as in chenyaofo/pytorch-cifar-models and kuangliu/pytorch-cifar.

    Options:
        blocks, widths: blocks and channels of each stage; the widths of table 5 are 48/96/192, 116/232/464 (1x),
            176/352/704 and 244/488/976.
        final: channels of the last convolution (2048 beside the widest).
        large_stem: stem of stride 2 and a 3x3 max-pool.
    """

    num_classes: int = 10
    blocks: tuple[int, ...] = (4, 8, 4)
    widths: tuple[int, ...] = (116, 232, 464)
    stem: int = 24
    final: int = 1024
    large_stem: bool = False
    activation: str = "relu"
    kernel_init: str = "torch_uniform"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_stages("shufflenet_v2", blocks=self.blocks, widths=self.widths)
        check_images(images, "shufflenet_v2", side=8)
        if any(width % 2 for width in self.widths):
            raise UserError(f"shufflenet_v2 splits its channels in halves: the widths {self.widths} must be even")
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        unit = partial(ConvNorm, activation=self.activation, train=train, **settings)
        x = unit(self.stem, 3, 2 if self.large_stem else 1, name="stem")(images)
        if self.large_stem:
            x = max_pool(x, (3, 3), strides=(2, 2), padding=((1, 1), (1, 1)))
        for stage, (blocks, width) in enumerate(zip(self.blocks, self.widths, strict=True), 1):
            for index in range(1, blocks + 1):
                x = ShuffleBlock(width, 2 if index == 1 else 1, unit, name=f"stage{stage}_block{index}")(x)
        x = unit(self.final, 1, name="final")(x)
        return Head(self.num_classes, dtype=self.dtype, name="head")(x)


MODELS = {
    "shufflenet_v2": partial(ShuffleNetV2),
    "shufflenet_v2_224": partial(ShuffleNetV2, large_stem=True),
    "shufflenet_v2_x0_5_224": partial(ShuffleNetV2, widths=(48, 96, 192), large_stem=True),
    "shufflenet_v2_x1_5_224": partial(ShuffleNetV2, widths=(176, 352, 704), large_stem=True),
    "shufflenet_v2_x2_0_224": partial(ShuffleNetV2, widths=(244, 488, 976), final=2048, large_stem=True),
}
