"""ConvNeXt: a ResNet modernised step by step towards a vision transformer."""

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
        scale = self.param("layer_scale", nn.initializers.constant(self.layer_scale), (channels,))
        return x + DropPath(self.drop_path, deterministic=not self.train)(y * scale.astype(y.dtype))


class ConvNeXt(nn.Module):
    """A patch of pixels as the stem, four stages, 2x2 convolutions between: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Liu et al. 2022, arXiv:2201.03545, section 3.1 and table 9; conventions of torchvision. No from-scratch
    CIFAR-10 result of it is known; `convnext_tiny` cuts 2x2 patches for small images (`patch=1` is four times slower).

    Options:
        blocks, widths: blocks and channels of each stage.
        patch: side of the stem's patches.
        drop_path: share of the examples that skip the last block in training; it grows linearly from 0 with depth.
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
        norm = partial(nn.LayerNorm, EPSILON, dtype=self.dtype)
        patches = partial(Conv, padding="VALID", **settings)
        block = partial(
            ConvNeXtBlock, layer_scale=self.layer_scale, act=activation(self.activation), train=train, **settings
        )
        side, last, done = (self.patch, self.patch), max(1, sum(self.blocks) - 1), 0
        x = norm(name="stem_norm")(patches(self.widths[0], side, strides=side, name="stem")(images))
        for stage, (blocks, width) in enumerate(zip(self.blocks, self.widths, strict=True)):
            if stage:
                halve = patches(width, (2, 2), strides=(2, 2), name=f"halve{stage}")
                x = halve(norm(name=f"halve{stage}_norm")(x))
            for index in range(blocks):
                x = block(self.drop_path * done / last, name=f"stage{stage}_{index}")(x)
                done += 1
        x = norm(name="norm")(x.mean(axis=(1, 2)))
        return Head(self.num_classes, kernel_init=self.kernel_init, dtype=self.dtype, name="head")(x)


convnext_tiny = partial(ConvNeXt)
convnext_tiny_224 = partial(ConvNeXt, patch=4)
