"""ConvNeXt: a ResNet modernized step by step towards a vision transformer."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import Conv, DropPath, Head, activation, check_images, check_stages, initializer
from jaxcnn.layers.activations import Activation
from jaxcnn.layers.initializers import Initializer

EPSILON = 1e-6


class ConvNeXtBlock(nn.Module):
    """A 7x7 depthwise convolution, then a dense layer 4 times as wide and one back, scaled and added.

    [B, H, W, C] -> the same. Source: Liu et al. 2022, arXiv:2201.03545, figure 4.
    """

    drop_path: float
    layer_scale: float
    act: Activation
    kernel_init: Initializer
    train: bool
    dtype: DTypeLike

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        channels = x.shape[-1]
        settings = {"dtype": self.dtype, "kernel_init": self.kernel_init}
        y = Conv(channels, (7, 7), padding=3, feature_group_count=channels, name="depthwise", **settings)(x)
        y = nn.LayerNorm(EPSILON, dtype=self.dtype, name="norm")(y)
        y = self.act(nn.Dense(4 * channels, name="expand", **settings)(y))
        y = nn.Dense(channels, name="project", **settings)(y)
        scale = self.param("layer_scale", nn.initializers.constant(self.layer_scale), (channels,), jnp.float32)
        return x + DropPath(self.drop_path, deterministic=not self.train, name="drop_path")(y * scale.astype(y.dtype))


class Patches(nn.Module):
    """A convolution of patches side by side, normalized after it or before: [B, H, W, C] -> [B, H/side, W/side, width].

    Source: Liu et al. 2022, arXiv:2201.03545, sections 2.2 ("patchify") and 2.6 (separate downsampling layers).
    """

    width: int
    side: int
    norm_first: bool
    kernel_init: Initializer
    dtype: DTypeLike

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        side = (self.side, self.side)
        settings = {"dtype": self.dtype, "kernel_init": self.kernel_init}
        conv = Conv(self.width, side, strides=side, padding="VALID", name="conv", **settings)
        norm = nn.LayerNorm(EPSILON, dtype=self.dtype, name="norm")
        return conv(norm(x)) if self.norm_first else norm(conv(x))


class ConvNeXt(nn.Module):
    """A patch of pixels as the stem, four stages, 2x2 convolutions between: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Liu et al. 2022, arXiv:2201.03545, section 3.1 and table 9; conventions of torchvision. No from-scratch
    CIFAR-10 result of it is known; `convnext_tiny` cuts 2x2 patches for small images (`patch=1` is four times slower).

    Options:
        blocks, widths: blocks and channels of each stage.
        patch: side of the stem's patches.
        drop_path: rate at which examples skip the last block in training; it grows linearly from 0 with depth.
        layer_scale: factor on each residual at the start of training.
    """

    num_classes: int = 10
    blocks: tuple[int, ...] = (3, 3, 9, 3)
    widths: tuple[int, ...] = (96, 192, 384, 768)
    patch: int = 2
    drop_path: float = 0.1
    layer_scale: float = 1e-6
    activation: str = "gelu"
    kernel_init: str = "truncated_normal(0.02)"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_stages("convnext", blocks=self.blocks, widths=self.widths)
        check_images(images, "convnext", side=self.patch * 2 ** (len(self.blocks) - 1))
        settings = {"dtype": self.dtype, "kernel_init": initializer(self.kernel_init)}
        block = partial(
            ConvNeXtBlock, layer_scale=self.layer_scale, act=activation(self.activation), train=train, **settings
        )
        last, done = max(1, sum(self.blocks) - 1), 0
        x = Patches(self.widths[0], self.patch, False, **settings, name="stem")(images)
        for stage, (blocks, width) in enumerate(zip(self.blocks, self.widths, strict=True), 1):
            if stage > 1:
                x = Patches(width, 2, True, **settings, name=f"transition{stage - 1}")(x)
            for index in range(1, blocks + 1):
                x = block(self.drop_path * done / last, name=f"stage{stage}_block{index}")(x)
                done += 1
        x = nn.LayerNorm(EPSILON, dtype=self.dtype, name="final_norm")(x.mean(axis=(1, 2)))
        return Head(self.num_classes, **settings, name="head")(x)


deep = partial(ConvNeXt, patch=4, blocks=(3, 3, 27, 3))
MODELS = {
    "convnext_tiny": partial(ConvNeXt),
    "convnext_tiny_224": partial(ConvNeXt, patch=4),
    "convnext_small_224": partial(deep, drop_path=0.4),
    "convnext_base_224": partial(deep, widths=(128, 256, 512, 1024), drop_path=0.5),
    "convnext_large_224": partial(deep, widths=(192, 384, 768, 1536), drop_path=0.5),
}
