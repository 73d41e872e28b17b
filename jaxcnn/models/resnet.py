"""Residual networks: He's own for CIFAR-10, his for ImageNet with either stem, and both without their shortcuts."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import UserError, lookup
from jaxcnn.layers import BatchNorm, Conv, activation, check_images, check_stages, initializer
from jaxcnn.models.residual import SHORTCUTS, BasicBlock, Bottleneck, exciter
from jaxcnn.models.stem_head import average_head, large_stem

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
        option: shortcut where the shape changes: A (pad with zeros) or B (1x1 convolution); none has no shortcuts.
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
        act = activation(self.activation)
        block = partial(
            self._block(),
            shortcut=lookup(SHORTCUTS, self.option, "shortcut option"),
            conv=conv,
            norm=norm,
            act=act,
            zero_gamma=self.zero_gamma,
            excite=exciter(self.reduction, self.dtype),
        )

        if self.large_stem:
            x = large_stem(images, self.widths[0], conv, norm, act)
        else:
            x = act(norm()(conv(self.widths[0])(images)))
        for stage, (depth, width) in enumerate(zip(self.blocks, self.widths, strict=True)):
            for index in range(depth):
                x = block(width, stride=2 if stage and not index else 1)(x)
        return average_head(x, self.num_classes, self.dtype)

    def _block(self) -> partial:
        kind = lookup(BLOCKS, self.block, "residual block")
        if kind is Bottleneck:
            return partial(kind, groups=self.groups, group_width=self.group_width)
        if (self.groups, self.group_width) != (1, 64):
            raise UserError("resnet: only the bottleneck block has groups; say block=bottleneck too")
        return partial(kind)


# On 32x32 pixels, section 4.2. A plain network has the parameters of the residual one with option A.
resnet20 = partial(ResNet, blocks=(3, 3, 3))
resnet32 = partial(ResNet, blocks=(5, 5, 5))
resnet44 = partial(ResNet, blocks=(7, 7, 7))
resnet56 = partial(ResNet, blocks=(9, 9, 9))
resnet110 = partial(ResNet, blocks=(18, 18, 18))
resnet1202 = partial(ResNet, blocks=(200, 200, 200))
plain20 = partial(resnet20, option="none")
plain32 = partial(resnet32, option="none")
plain44 = partial(resnet44, option="none")
plain56 = partial(resnet56, option="none")

# Table 1, for small images and for large.
imagenet = partial(ResNet, widths=(64, 128, 256, 512), option="B")
resnet18 = partial(imagenet, blocks=(2, 2, 2, 2))
resnet34 = partial(imagenet, blocks=(3, 4, 6, 3))
resnet50 = partial(imagenet, blocks=(3, 4, 6, 3), block="bottleneck")
resnet101 = partial(imagenet, blocks=(3, 4, 23, 3), block="bottleneck")
resnet152 = partial(imagenet, blocks=(3, 8, 36, 3), block="bottleneck")
resnet18_224 = partial(resnet18, large_stem=True)
resnet34_224 = partial(resnet34, large_stem=True)
resnet50_224 = partial(resnet50, large_stem=True)
resnet101_224 = partial(resnet101, large_stem=True)
resnet152_224 = partial(resnet152, large_stem=True)
