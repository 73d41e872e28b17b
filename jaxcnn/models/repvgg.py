"""RepVGG: trained with three branches a layer, used as a plain chain of 3x3 convolutions."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import UserError
from jaxcnn.layers import BatchNorm, Conv, ConvNorm, Head, activation, check_images, check_stages, initializer
from jaxcnn.layers.activations import Activation

EPSILON = 1e-5


class RepVGGBlock(nn.Module):
    """The sum of a 3x3 and a 1x1 convolution and, where the shape is kept, the input, each normalized.

    [B, H, W, C] -> [B, H / strides, W / strides, width]; with `plain` set, one 3x3 convolution with a bias instead.
    Source: Ding et al. 2021, arXiv:2101.03697, figure 4.
    """

    width: int
    strides: int
    plain: bool
    unit: Callable[..., nn.Module]
    norm: Callable[..., nn.Module]
    conv: Callable[..., nn.Module]
    act: Activation

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        if self.plain:
            return self.act(self.conv(self.width, strides=(self.strides, self.strides), name="conv")(x))
        keeps = self.strides == 1 and self.width == x.shape[-1]
        identity = self.norm(name="identity")(x) if keeps else 0
        y = self.unit(self.width, 3, self.strides, name="conv3x3")(x)
        return self.act(identity + y + self.unit(self.width, 1, self.strides, name="conv1x1")(x))


class RepVGG(nn.Module):
    """A stem block and four stages of blocks: [B, H, W, C] -> logits [B, num_classes].

    `reparameterize` turns trained variables into those of the same network with `plain=True`, which gives the same
    outputs in evaluation. UserError for images too small to halve so often.
    Source: Ding et al. 2021, arXiv:2101.03697, tables 2 and 3; conventions of timm. The networks for small images halve
    neither in the stem nor in the first stage, as in chenyaofo/pytorch-cifar-models.

    Options:
        stem: channels of the first block.
        blocks, widths, strides: of each stage.
        stem_stride: stride of the first block.
        plain: build the plain network.
        dropout: dropout rate of the last features in training.
    """

    num_classes: int = 10
    stem: int = 48
    blocks: tuple[int, ...] = (2, 4, 14, 1)
    widths: tuple[int, ...] = (48, 96, 192, 1280)
    strides: tuple[int, ...] = (1, 2, 2, 2)
    stem_stride: int = 1
    plain: bool = False
    dropout: float = 0.0
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_stages("repvgg", blocks=self.blocks, widths=self.widths, strides=self.strides)
        check_images(images, "repvgg", side=8)
        settings = {"epsilon": EPSILON, "dtype": self.dtype}
        kernel_init = initializer(self.kernel_init)
        block = partial(
            RepVGGBlock,
            plain=self.plain,
            unit=partial(ConvNorm, activation="identity", kernel_init=self.kernel_init, train=train, **settings),
            norm=partial(BatchNorm, use_running_average=not train, **settings),
            conv=partial(Conv, kernel_size=(3, 3), padding=1, dtype=self.dtype, kernel_init=kernel_init),
            act=activation(self.activation),
        )
        x = block(self.stem, self.stem_stride, name="stem")(images)
        stages = zip(self.blocks, self.widths, self.strides, strict=True)
        for stage, (blocks, width, stride) in enumerate(stages, 1):
            for index in range(1, blocks + 1):
                x = block(width, stride if index == 1 else 1, name=f"stage{stage}_block{index}")(x)
        return Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(x)


def reparameterize(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of the plain network that computes what a trained one with these `variables` does.

    UserError if they hold no branches. Source: Ding et al. 2021, arXiv:2101.03697, section 3.3.
    """
    params, stats = variables["params"], variables.get("batch_stats", {})
    if not stats:
        raise UserError(
            "these variables are of a plain network already: reparameterize takes those of a trained RepVGG"
        )
    return {
        "params": {
            name: {"conv": _fuse(block, stats[name])} if name in stats else block for name, block in params.items()
        }
    }


def _fuse(params: Mapping[str, Any], stats: Mapping[str, Any]) -> dict[str, jax.Array]:
    """The one kernel and bias that equal the branches of a block."""
    wide = params["conv3x3"]["conv"]["kernel"]
    point = jnp.pad(params["conv1x1"]["conv"]["kernel"], ((1, 1), (1, 1), (0, 0), (0, 0)))
    folded = [
        _fold(wide, params["conv3x3"]["norm"], stats["conv3x3"]["norm"]),
        _fold(point, params["conv1x1"]["norm"], stats["conv1x1"]["norm"]),
    ]
    if "identity" in params:
        identity = jnp.zeros_like(wide).at[1, 1].set(jnp.eye(wide.shape[-1], dtype=wide.dtype))
        folded.append(_fold(identity, params["identity"], stats["identity"]))
    kernels, biases = zip(*folded, strict=True)
    return {"kernel": jnp.sum(jnp.stack(kernels), axis=0), "bias": jnp.sum(jnp.stack(biases), axis=0)}


def _fold(kernel: jax.Array, norm: Mapping[str, Any], stats: Mapping[str, Any]) -> tuple[jax.Array, jax.Array]:
    """The kernel and bias of a convolution with the normalization behind it."""
    scale = norm["scale"] / jnp.sqrt(stats["var"] + EPSILON)
    return kernel * scale, norm["bias"] - stats["mean"] * scale


A1 = partial(RepVGG, stem=64, widths=(64, 128, 256, 1280))
LARGE = {"stem_stride": 2, "strides": (2, 2, 2, 2)}
MODELS = {
    "repvgg_a0": partial(RepVGG),
    "repvgg_a1": partial(A1),
    "repvgg_a2": partial(RepVGG, stem=64, widths=(96, 192, 384, 1408)),
    "repvgg_a0_224": partial(RepVGG, **LARGE),
    "repvgg_a1_224": partial(A1, **LARGE),
    "repvgg_b0_224": partial(A1, blocks=(4, 6, 16, 1), **LARGE),
}
