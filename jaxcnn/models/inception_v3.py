"""Inception v3: large convolutions factorized into small and one-sided ones."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.layers import ConvNorm, Head, avg_pool, check_images, initializer
from jaxcnn.layers.branches import AVERAGE, HALVE, Branches, Chain, Chains, Unit, run_stem

ROW, COLUMN = (1, 7), (7, 1)
SPLIT = ((Unit(384, (1, 3)),), (Unit(384, (3, 1)),))


def mixed_a(projection: int) -> Chains:
    """Figure 5, though its 5x5 stays whole in the released model."""
    return {
        "branch1x1": (Unit(64),),
        "branch5x5": (Unit(48), Unit(64, 5)),
        "branch3x3dbl": (Unit(64), Unit(96, 3), Unit(96, 3)),
        "branch_pool": (AVERAGE, Unit(projection)),
    }


def mixed_c(width: int) -> Chains:
    """Figure 6: 7x7 as 1x7 and 7x1, once and twice."""
    return {
        "branch1x1": (Unit(192),),
        "branch7x7": (Unit(width), Unit(width, ROW), Unit(192, COLUMN)),
        "branch7x7dbl": (Unit(width), Unit(width, COLUMN), Unit(width, ROW), Unit(width, COLUMN), Unit(192, ROW)),
        "branch_pool": (AVERAGE, Unit(192)),
    }


# Figure 7: 3x3 as 1x3 beside 3x1.
MIXED_E: Chains = {
    "branch1x1": (Unit(320),),
    "branch3x3": (Unit(384), SPLIT),
    "branch3x3dbl": (Unit(448), Unit(384, 3), SPLIT),
    "branch_pool": (AVERAGE, Unit(192)),
}
TABLE: dict[str, Chains] = {
    "mixed_5b": mixed_a(32),
    "mixed_5c": mixed_a(64),
    "mixed_5d": mixed_a(64),
    "mixed_6a": {
        "branch3x3": (Unit(384, 3, 2, "VALID"),),
        "branch3x3dbl": (Unit(64), Unit(96, 3), Unit(96, 3, 2, "VALID")),
        "branch_pool": (HALVE,),
    },
    "mixed_6b": mixed_c(128),
    "mixed_6c": mixed_c(160),
    "mixed_6d": mixed_c(160),
    "mixed_6e": mixed_c(192),
    "mixed_7a": {
        "branch3x3": (Unit(192), Unit(320, 3, 2, "VALID")),
        "branch7x7x3": (Unit(192), Unit(192, ROW), Unit(192, COLUMN), Unit(192, 3, 2, "VALID")),
        "branch_pool": (HALVE,),
    },
    "mixed_7b": MIXED_E,
    "mixed_7c": MIXED_E,
}
BRANCHING = "mixed_6e"  # the module whose output feeds the auxiliary head

# The stem that the residual networks of the family share.
STEM_299: Chain = (
    Unit(32, 3, 2, "VALID"),
    Unit(32, 3, 1, "VALID"),
    Unit(64, 3),
    HALVE,
    Unit(80),
    Unit(192, 3, 1, "VALID"),
    HALVE,
)
STEMS: dict[str, Chain] = {"cifar": (Unit(192, 3),), "imagenet": STEM_299}


class Auxiliary(nn.Module):
    """A classifier on the map inside the network: [B, H, W, C] -> logits [B, num_classes].

    On small images its 5x5 convolution shrinks to the map that is left.
    """

    num_classes: int
    unit: Callable[..., nn.Module]
    kernel_init: str
    dtype: DTypeLike

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = avg_pool(x, (5, 5), strides=(3, 3))
        x = self.unit(128, 1, kernel_init=self.kernel_init, name="conv1")(x)
        window = (min(5, x.shape[1]), min(5, x.shape[2]))
        x = self.unit(768, window, padding="VALID", kernel_init="truncated_normal(0.01)", name="conv2")(x)
        kernel_init = initializer("truncated_normal(0.001)")
        return Head(self.num_classes, kernel_init=kernel_init, dtype=self.dtype, name="head")(x)


class InceptionV3(nn.Module):
    """A stem and eleven factorized Inception modules: [B, H, W, C] -> logits [B, num_classes].

    With `auxiliary` in training: (logits, (logits of the head on 6e,)); the loss adds `auxiliary_weight` times its own.
    UserError for images too small.
    Source: Szegedy et al. 2016, arXiv:1512.00567, table 1 as released; conventions of torchvision (averages count the
    padding, normalization with scale). `inception_v3` is huyvnphan/PyTorch_CIFAR10's, whose stem is one convolution.

    Options:
        stem: `cifar` or `imagenet`.
        auxiliary: build the auxiliary head.
        dropout: dropout rate of the last features in training.
        width: factor on the channels of all convolutions.
    """

    auxiliary_weight: ClassVar[float] = 0.4

    num_classes: int = 10
    stem: str = "cifar"
    auxiliary: bool = False
    dropout: float = 0.5
    width: float = 1.0
    activation: str = "relu"
    kernel_init: str = "truncated_normal(0.1)"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array | tuple[jax.Array, tuple[jax.Array, ...]]:
        stem = lookup(STEMS, self.stem, "stem")
        check_images(images, "inception_v3", side=12 if self.stem == "cifar" else 75)
        unit = partial(
            ConvNorm,
            epsilon=1e-3,
            activation=self.activation,
            train=train,
            multiplier=self.width,
            dtype=self.dtype,
        )
        plain = partial(unit, kernel_init=self.kernel_init)
        x = run_stem(images, stem, plain)
        auxiliary = ()
        for name, chains in TABLE.items():
            x = Branches(chains, plain, name=name)(x)
            if name == BRANCHING and self.auxiliary and (train or self.is_initializing()):
                extra = Auxiliary(self.num_classes, unit, self.kernel_init, self.dtype, name="auxiliary1")
                auxiliary = (extra(x),)
        logits = Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(x)
        return (logits, auxiliary) if auxiliary and train else logits


MODELS = {
    "inception_v3": partial(InceptionV3),
    "inception_v3_299": partial(InceptionV3, stem="imagenet"),
}
