"""GoogLeNet (Inception v1): modules of parallel 1x1, 3x3 and 5x5 convolutions and a pool, with two extra heads."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.layers import ConvNorm, Head, activation, avg_pool, check_images, initializer, max_pool
from jaxcnn.layers.activations import Activation
from jaxcnn.layers.branches import HALVE, HALVE_CEIL, MAX, Branches, Chain, Chains, Reduce, Unit, run_stem
from jaxcnn.layers.initializers import Initializer
from jaxcnn.ops.lrn import norm_across_channels

# The paper's table 1: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
TABLE = {
    "inception_3a": (64, 96, 128, 16, 32, 32),
    "inception_3b": (128, 128, 192, 32, 96, 64),
    "inception_4a": (192, 96, 208, 16, 48, 64),
    "inception_4b": (160, 112, 224, 24, 64, 64),
    "inception_4c": (128, 128, 256, 24, 64, 64),
    "inception_4d": (112, 144, 288, 32, 64, 64),
    "inception_4e": (256, 160, 320, 32, 128, 128),
    "inception_5a": (256, 160, 320, 32, 128, 128),
    "inception_5b": (384, 192, 384, 48, 128, 128),
}
BEFORE = {"inception_4a": 0, "inception_5a": 1}  # which of the two pools comes before a module
BRANCHING = ("inception_4a", "inception_4d")  # modules whose output feeds an auxiliary head
SMALL_STEM: Chain = (Unit(192, 3),)
POOLS = {
    "3x3": HALVE_CEIL,
    "padded": partial(HALVE, padding=((1, 1), (1, 1))),
    "2x2": partial(max_pool, window_shape=(2, 2), strides=(2, 2), ceil_mode=True),
}


def large_stem(respond: bool) -> Chain:
    """The table's rows before 3a; the paper normalizes responses locally, where there is no batch normalization."""
    normalize = (partial(norm_across_channels, size=5, alpha=1e-4 / 5),) if respond else ()
    return (Unit(64, 7, 2), HALVE_CEIL, *normalize, Unit(64), Unit(192, 3), *normalize, HALVE_CEIL)


def chains(row: tuple[int, ...], large: tuple[int, ...]) -> Chains:
    """The four branches of a row of the table; `large` are the sides of the convolutions in place of the 5x5 one."""
    one, reduce3, three, reduce5, five, projection = row
    return {
        "branch1x1": (Unit(one),),
        "branch3x3": (Reduce(reduce3), Unit(three, 3)),
        "branch5x5": (Reduce(reduce5), *(Unit(five, side) for side in large)),
        "branch_pool": (MAX, Unit(projection)),
    }


class Auxiliary(nn.Module):
    """A classifier on a map inside the network: [B, H, W, C] -> logits [B, num_classes]."""

    num_classes: int
    dropout: float
    train: bool
    unit: Callable[..., nn.Module]
    act: Activation
    kernel_init: Initializer
    dtype: DTypeLike

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.unit(128, 1, name="conv1")(avg_pool(x, (5, 5), strides=(3, 3)))
        hidden = nn.Dense(1024, dtype=self.dtype, kernel_init=self.kernel_init, name="dense1")
        x = self.act(hidden(x.reshape(x.shape[0], -1)))
        return Head(self.num_classes, dropout=self.dropout, train=self.train, dtype=self.dtype, name="head")(x)


class GoogLeNet(nn.Module):
    """Nine Inception modules: [B, H, W, C] -> logits [B, num_classes].

    With `auxiliary` in training: (logits, (logits of the head on 4a, of the head on 4d)); the loss adds
    `auxiliary_weight` times theirs. UserError for images too small.
    Source: Szegedy et al. 2015, arXiv:1409.4842, table 1 and section 5. `googlenet` is kuangliu/pytorch-cifar's (two
    3x3 for the 5x5), `googlenet_3x3` huyvnphan/PyTorch_CIFAR10's; `googlenet_224` is torchvision's, whose 5x5 is one
    3x3 by mistake (pytorch/vision issue 906); `googlenet_paper_224` is Caffe's bvlc_googlenet, without batch
    normalization. The heads pool 5x5 with stride 3, where torchvision pools adaptively to the same 4x4.

    Options:
        stem: `cifar` (one 3x3 convolution) or `imagenet` (7x7, pool, 1x1, 3x3, pool).
        large: sides of the convolutions that stand for the 5x5 one.
        pools: the pools before 4a and 5a: `3x3` and `2x2` in ceil mode, or `padded` by a pixel.
        batch_norm: normalize each convolution; without, the stem normalizes responses locally.
        conv_bias: give convolutions a bias.
        auxiliary: build the two auxiliary heads.
        dropout, auxiliary_dropout: dropout rates before the head, and in the auxiliary heads.
        width: factor on the channels of all convolutions.
    """

    auxiliary_weight: ClassVar[float] = 0.3

    num_classes: int = 10
    stem: str = "cifar"
    large: tuple[int, ...] = (3, 3)
    pools: tuple[str, str] = ("padded", "padded")
    batch_norm: bool = True
    conv_bias: bool = True
    epsilon: float = 1e-5
    auxiliary: bool = False
    dropout: float = 0.0
    auxiliary_dropout: float = 0.7
    width: float = 1.0
    activation: str = "relu"
    kernel_init: str = "torch_uniform"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array | tuple[jax.Array, tuple[jax.Array, ...]]:
        stem = lookup({"cifar": SMALL_STEM, "imagenet": large_stem(respond=not self.batch_norm)}, self.stem, "stem")
        check_images(images, "googlenet", side=8 if self.stem == "cifar" else 32)
        unit = partial(
            ConvNorm,
            use_bias=self.conv_bias,
            batch_norm=self.batch_norm,
            epsilon=self.epsilon,
            activation=self.activation,
            kernel_init=self.kernel_init,
            train=train,
            multiplier=self.width,
            dtype=self.dtype,
        )
        x = run_stem(images, stem, unit)
        branching = []
        for name, row in TABLE.items():
            if name in BEFORE:
                x = lookup(POOLS, self.pools[BEFORE[name]], "pool")(x)
            x = Branches(chains(row, self.large), unit, name=name)(x)
            branching += [x] if name in BRANCHING else []
        auxiliary = ()
        if self.auxiliary and (train or self.is_initializing()):
            extra = self._auxiliary(unit, train)
            auxiliary = tuple(extra(name=f"auxiliary{index}")(x) for index, x in enumerate(branching, 1))
        logits = Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(x)
        return (logits, auxiliary) if auxiliary and train else logits

    def _auxiliary(self, unit: Callable[..., nn.Module], train: bool) -> Callable[..., nn.Module]:
        act, kernel_init = activation(self.activation), initializer(self.kernel_init)
        dropout = self.auxiliary_dropout
        return partial(Auxiliary, self.num_classes, dropout, train, unit, act, kernel_init, self.dtype)


MODELS = {
    "googlenet": partial(GoogLeNet),
    "googlenet_3x3": partial(GoogLeNet, large=(3,), conv_bias=False, epsilon=1e-3, dropout=0.2),
    "googlenet_224": partial(
        GoogLeNet,
        stem="imagenet",
        large=(3,),
        pools=("3x3", "2x2"),
        conv_bias=False,
        epsilon=1e-3,
        dropout=0.2,
        kernel_init="normal(0.01)",
    ),
    "googlenet_paper_224": partial(
        GoogLeNet,
        stem="imagenet",
        large=(5,),
        pools=("3x3", "3x3"),
        batch_norm=False,
        dropout=0.4,
        kernel_init="glorot_uniform",
    ),
}
