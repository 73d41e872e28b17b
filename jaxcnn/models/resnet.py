"""Residual networks: He's own for CIFAR-10, his for ImageNet with either stem, and both without their shortcuts."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import UserError, lookup
from jaxcnn.layers import BatchNorm, Conv, ConvNorm, Head, activation, check_images, check_stages, initializer
from jaxcnn.models.residual import SHORTCUTS, BasicBlock, Bottleneck, exciter
from jaxcnn.models.stem import run_stem

BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}


class ResNet(nn.Module):
    """A stem, stages of residual blocks, an average over the image: [B, H, W, C] -> logits [B, num_classes].

    Each stage but the first halves the image. UserError for images too small to halve so often.
    Source: He et al. 2015, arXiv:1512.03385, section 4.2 (6n + 2 layers, n blocks a stage, option A) and table 1, on
    small images with a 3x3 stem and no max-pool, as in kuangliu/pytorch-cifar. Padding and initialization as in
    fb.resnet.torch: one pixel on every side, He's normal by fan-out.

    Options:
        blocks: residual blocks in each stage.
        widths: channels of each stage; a bottleneck gives four times as many.
        block: basic (two 3x3 convolutions) or bottleneck (1x1, 3x3, 1x1).
        option: shortcut where the shape changes: A (zeros behind the channels), A_both (on both sides, as akamaster's
            weights need) or B (1x1 convolution); none has no shortcuts.
        large_stem: start with a 7x7 convolution and a max-pool, which quarter the image, and not with a 3x3.
        groups: groups of a bottleneck's 3x3 convolution.
        group_width: channels of a group for every 64 of the stage's width.
        reduction: squeeze-excite each block, with this many times fewer channels inside; 0 does not.
        zero_gamma: start the last normalization of each block at scale 0, so that each block starts as the identity.
        activation: name of the activation.
        kernel_init: name of the initializer of the convolutions.
    """

    num_classes: int = 10
    blocks: tuple[int, ...] = (3, 3, 3)
    widths: tuple[int, ...] = (16, 32, 64)
    block: str = "basic"
    option: str = "A"
    large_stem: bool = False
    groups: int = 1
    group_width: int = 64
    reduction: int = 0
    zero_gamma: bool = False
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_stages("resnet", blocks=self.blocks, widths=self.widths)
        check_images(images, "resnet", side=2 ** (len(self.blocks) - 1) * (4 if self.large_stem else 1))
        conv = partial(
            Conv,
            kernel_size=(3, 3),
            padding=1,
            use_bias=False,
            dtype=self.dtype,
            kernel_init=initializer(self.kernel_init),
        )
        norm = partial(BatchNorm, use_running_average=not train, dtype=self.dtype)
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        unit = partial(ConvNorm, activation=self.activation, train=train, **settings)
        block = partial(
            self._block(),
            shortcut=lookup(SHORTCUTS, self.option, "shortcut option"),
            unit=unit,
            conv=conv,
            norm=norm,
            act=activation(self.activation),
            zero_gamma=self.zero_gamma,
            excite=exciter(self.reduction, self.dtype),
        )

        x = run_stem(images, self.widths[0], self.large_stem, unit)
        for stage, (depth, width) in enumerate(zip(self.blocks, self.widths, strict=True), 1):
            for index in range(1, depth + 1):
                x = block(width, stride=2 if stage > 1 and index == 1 else 1, name=f"stage{stage}_block{index}")(x)
        return Head(self.num_classes, dtype=self.dtype, name="head")(x)

    def _block(self) -> partial:
        kind = lookup(BLOCKS, self.block, "residual block")
        if kind is Bottleneck:
            return partial(kind, groups=self.groups, group_width=self.group_width)
        if (self.groups, self.group_width) != (1, 64):
            raise UserError("resnet: only the bottleneck block has groups; say block=bottleneck too")
        return partial(kind)


imagenet = partial(ResNet, widths=(64, 128, 256, 512), option="B")
MODELS = {
    # On 32x32 pixels, section 4.2. A plain network has the parameters of the residual one with option A.
    "resnet20": partial(ResNet, blocks=(3, 3, 3)),
    "resnet32": partial(ResNet, blocks=(5, 5, 5)),
    "resnet44": partial(ResNet, blocks=(7, 7, 7)),
    "resnet56": partial(ResNet, blocks=(9, 9, 9)),
    "resnet110": partial(ResNet, blocks=(18, 18, 18)),
    "resnet1202": partial(ResNet, blocks=(200, 200, 200)),
    "plain20": partial(ResNet, blocks=(3, 3, 3), option="none"),
    "plain32": partial(ResNet, blocks=(5, 5, 5), option="none"),
    "plain44": partial(ResNet, blocks=(7, 7, 7), option="none"),
    "plain56": partial(ResNet, blocks=(9, 9, 9), option="none"),
    # Table 1, for small images and for large.
    "resnet18": partial(imagenet, blocks=(2, 2, 2, 2)),
    "resnet34": partial(imagenet, blocks=(3, 4, 6, 3)),
    "resnet50": partial(imagenet, blocks=(3, 4, 6, 3), block="bottleneck"),
    "resnet101": partial(imagenet, blocks=(3, 4, 23, 3), block="bottleneck"),
    "resnet152": partial(imagenet, blocks=(3, 8, 36, 3), block="bottleneck"),
    "resnet18_224": partial(imagenet, blocks=(2, 2, 2, 2), large_stem=True),
    "resnet34_224": partial(imagenet, blocks=(3, 4, 6, 3), large_stem=True),
    "resnet50_224": partial(imagenet, blocks=(3, 4, 6, 3), block="bottleneck", large_stem=True),
    "resnet101_224": partial(imagenet, blocks=(3, 4, 23, 3), block="bottleneck", large_stem=True),
    "resnet152_224": partial(imagenet, blocks=(3, 8, 36, 3), block="bottleneck", large_stem=True),
}
