"""Pre-activation networks: normalization and activation before each convolution, so that the sum stays untouched."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.layers import BatchNorm, Conv, ConvNorm, Head, activation, check_images, check_stages, initializer
from jaxcnn.layers.activations import Activation
from jaxcnn.models.residual import exciter, pad_shortcut
from jaxcnn.models.stem import Make, run_stem

Plan = tuple[tuple[int, int, int], ...]


def basic(width: int, stride: int) -> Plan:
    """Channels, window and stride of two 3x3 convolutions."""
    return (width, 3, stride), (width, 3, 1)


def bottleneck(width: int, stride: int) -> Plan:
    """Of 1x1, 3x3 and 1x1 convolutions; the stride is on the first, as in the paper's own code."""
    return (width, 1, stride), (width, 3, 1), (4 * width, 1, 1)


def bare_projection(x: jax.Array, width: int, stride: int, bare: Make) -> jax.Array:
    """Option B here: a 1x1 convolution and nothing more, because its input is normalized already."""
    return bare(width, 1, stride, name="shortcut")(x)


BRANCHES = {"basic": basic, "bottleneck": bottleneck}
SHORTCUTS = {"A": pad_shortcut, "B": bare_projection}


class PreActBlock(nn.Module):
    """(normalize, activate, convolve) twice or more beside a shortcut, summed: [B, H, W, C] -> [B, h, w, channels].

    Where the branch is zero and the shape is kept, the block is the identity on anything. Where the shape changes, the
    shortcut too starts from the first activation, and always if `activated` is set.
    Source: He et al. 2016, arXiv:1603.05027, figure 1b, equation 5 and the appendix.
    """

    plan: Plan
    activated: bool
    shortcut: Callable[..., jax.Array]
    bare: Make
    conv: Make
    norm: Make
    act: Activation
    drop: Activation
    excite: Make | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        channels, halving = self.plan[-1][0], self.plan[0][2] * self.plan[1][2]
        changes = halving > 1 or channels != x.shape[-1]
        y = x
        for index, (width, window, stride) in enumerate(self.plan, 1):
            y = self.act(self.norm(name=f"norm{index}")(y))
            if index == 1 and (changes or self.activated):
                x = y
            if index == 2:
                y = self.drop(y)
            around = {"kernel_size": (window, window), "padding": window // 2}
            y = self.conv(width, strides=stride, name=f"conv{index}", **around)(y)
        if self.excite is not None:
            y = self.excite(channels)(y)
        return (self.shortcut(x, channels, halving, self.bare) if changes else x) + y


class PreActResNet(nn.Module):
    """A 3x3 convolution, stages of pre-activation blocks, an average: [B, H, W, C] -> logits [B, num_classes].

    Each stage but the first halves the image. UserError for images too small to halve so often.
    Source: He et al. 2016, arXiv:1603.05027, section 4 (6n + 2 layers of basic blocks, 9n + 2 of bottlenecks).

    Options:
        blocks: residual blocks in each stage.
        widths: channels of each stage; a bottleneck gives four times as many.
        stem: channels of the first convolution.
        block: basic (two 3x3 convolutions) or bottleneck (1x1, 3x3, 1x1).
        option: shortcut where the shape changes: A (pad with zeros) or B (1x1 convolution).
        activate_first: start the shortcut of the first block from its activation, as the paper does (appendix).
        final_norm: normalize and activate before the average.
        reduction: squeeze-excite each block, with this many times fewer channels inside; 0 does not.
        dropout: dropout rate before each block's second convolution, in training.
        activation: name of the activation.
        kernel_init: name of the initializer of the convolutions.
    """

    num_classes: int = 10
    blocks: tuple[int, ...] = (18, 18, 18)
    widths: tuple[int, ...] = (16, 32, 64)
    stem: int = 16
    block: str = "basic"
    option: str = "B"
    activate_first: bool = True
    final_norm: bool = True
    reduction: int = 0
    dropout: float = 0.0
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_stages("preact", blocks=self.blocks, widths=self.widths)
        check_images(images, "preact", side=2 ** (len(self.blocks) - 1))
        kernel_init = initializer(self.kernel_init)
        conv = partial(Conv, use_bias=False, dtype=self.dtype, kernel_init=kernel_init)
        norm = partial(BatchNorm, use_running_average=not train, dtype=self.dtype)
        act = activation(self.activation)
        drop = nn.Dropout(self.dropout, deterministic=not train, name="dropout")
        branch = lookup(BRANCHES, self.block, "residual block")
        shortcut = lookup(SHORTCUTS, self.option, "shortcut option")
        excite = exciter(self.reduction, self.dtype)
        bare = partial(
            ConvNorm, batch_norm=False, activation="identity", kernel_init=self.kernel_init, dtype=self.dtype
        )
        parts = {"bare": bare, "conv": conv, "norm": norm, "act": act, "drop": drop, "excite": excite}
        block = partial(PreActBlock, shortcut=shortcut, **parts)

        x = run_stem(images, self.stem, False, bare)
        for stage, (depth, width) in enumerate(zip(self.blocks, self.widths, strict=True), 1):
            for index in range(1, depth + 1):
                plan = branch(width, 2 if stage > 1 and index == 1 else 1)
                x = block(
                    plan, activated=self.activate_first and stage == index == 1, name=f"stage{stage}_block{index}"
                )(x)
        if self.final_norm:
            x = act(norm(name="final_norm")(x))
        return Head(self.num_classes, dtype=self.dtype, name="head")(x)


# As in kuangliu/pytorch-cifar, which adds the raw input wherever the shape is kept, in the first block too, and which
# neither normalizes nor activates before the average.
imagenet = partial(PreActResNet, widths=(64, 128, 256, 512), stem=64, activate_first=False, final_norm=False)
MODELS = {
    "preact_resnet110": partial(PreActResNet, blocks=(18, 18, 18), option="A"),
    "preact_resnet164": partial(PreActResNet, blocks=(18, 18, 18), block="bottleneck"),
    # "10.2M" in the paper is without normalization; with it there are 10,327,706.
    "preact_resnet1001": partial(PreActResNet, blocks=(111, 111, 111), block="bottleneck"),
    "preact_resnet18": partial(imagenet, blocks=(2, 2, 2, 2)),
    "preact_resnet34": partial(imagenet, blocks=(3, 4, 6, 3)),
}
