"""Inception-ResNet v1 and v2: Inception modules whose output is scaled and added to their input."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.layers import Conv, ConvNorm, Head, activation, check_images, initializer
from jaxcnn.layers.branches import AVERAGE_INSIDE, HALVE, Branches, Chain, Chains, Unit, run_chains, run_stem
from jaxcnn.models import inception_v3, inception_v4


class Plan(NamedTuple):
    """The parts of one network, as chains of branches."""

    stem: Chain
    a: Chains
    reduction_a: Chains
    b: Chains
    reduction_b: Chains
    c: Chains
    last_linear: bool = True  # one more block c, with scale 1 and without activation
    mixed_5b: Chains | None = None
    final: int = 0  # channels of a last 1x1 convolution


def block_a(last: int, widest: int) -> Chains:
    """Figures 10 and 16."""
    return {
        "branch1x1": (Unit(32),),
        "branch3x3": (Unit(32), Unit(32, 3)),
        "branch3x3dbl": (Unit(32), Unit(last, 3), Unit(widest, 3)),
    }


def reduction_a(k: int, el: int, m: int, n: int) -> Chains:
    """Figure 7 and table 1."""
    return {
        "branch3x3": (Unit(n, 3, 2, "VALID"),),
        "branch3x3dbl": (Unit(k), Unit(el, 3), Unit(m, 3, 2, "VALID")),
        "branch_pool": (HALVE,),
    }


def block_one_sided(one: int, widths: tuple[int, int, int], side: int) -> Chains:
    """Figures 11, 13, 17 and 19: a 1x1 branch beside a row and a column."""
    narrow, middle, wide = widths
    return {
        "branch1x1": (Unit(one),),
        f"branch{side}x{side}": (Unit(narrow), Unit(middle, (1, side)), Unit(wide, (side, 1))),
    }


def reduction_b(middle: int, wide: int) -> Chains:
    """Figures 12 and 18."""
    return {
        "branch3x3": (Unit(256), Unit(384, 3, 2, "VALID")),
        "branch3x3wide": (Unit(256), Unit(middle, 3, 2, "VALID")),
        "branch3x3dbl": (Unit(256), Unit(middle, 3), Unit(wide, 3, 2, "VALID")),
        "branch_pool": (HALVE,),
    }


MIXED_5B: Chains = {
    "branch1x1": (Unit(96),),
    "branch5x5": (Unit(48), Unit(64, 5)),
    "branch3x3dbl": (Unit(64), Unit(96, 3), Unit(96, 3)),
    "branch_pool": (AVERAGE_INSIDE, Unit(64)),
}
V1 = Plan(
    stem=(*inception_v3.STEM_299[:-1], Unit(256, 3, 2, "VALID")),
    a=block_a(32, 32),
    reduction_a=reduction_a(192, 192, 256, 384),
    b=block_one_sided(128, (128, 128, 128), 7),
    reduction_b=reduction_b(256, 256),
    c=block_one_sided(192, (192, 192, 192), 3),
)
V2 = Plan(
    stem=inception_v3.STEM_299,
    mixed_5b=MIXED_5B,
    a=block_a(48, 64),
    reduction_a=reduction_a(256, 256, 384, 384),
    b=block_one_sided(192, (128, 160, 192), 7),
    reduction_b=reduction_b(288, 320),
    c=block_one_sided(192, (192, 224, 256), 3),
    final=1536,
)
PLANS = {
    "v1": V1,
    "v1_paper": V1._replace(last_linear=False),
    "v2": V2,
    "v2_paper": V2._replace(stem=inception_v4.STEM, mixed_5b=None, last_linear=False, final=0),
}


class ResidualBranches(nn.Module):
    """x + scale * (1x1 convolution of the joined branches), activated if `act` is given: [B, H, W, C] -> the same.

    The 1x1 convolution, `expand`, has a bias and neither normalization nor activation.
    Source: Szegedy et al. 2017, arXiv:1602.07261, figure 20 and section 3.3.
    """

    chains: Chains
    scale: float
    unit: Callable[..., nn.Module]
    expand: Callable[..., nn.Module]
    act: Callable[[jax.Array], jax.Array] | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        joined = run_chains(x, self.chains, self.unit)
        x = x + self.scale * self.expand(x.shape[-1], name="expand")(joined)
        return x if self.act is None else self.act(x)


class InceptionResNet(nn.Module):
    """A stem and three groups of residual Inception blocks, with reductions: [B, H, W, C] -> logits [B, num_classes].

    UserError for images under 75 pixels.
    Source: Szegedy et al. 2017, arXiv:1602.07261, figure 15. `inception_resnet_v2_299` is the released network (timm,
    slim), which differs from the figures: stem of Inception v3, 10/20/10 blocks, widths 320/1088/2080;
    `inception_resnet_v2_paper_299` reads the figures literally and has 32 million parameters, not 55.8.
    `inception_resnet_v1_299` is facenet's, with a last linear block; `inception_resnet_v1_paper_299` is without it.

    Options:
        plan: name of the parts in PLANS.
        blocks: residual blocks of each of the three groups, without the last linear one.
        scales: factors on the residuals of the three groups.
        dropout: dropout rate of the last features in training.
        width: factor on the channels of all convolutions.
    """

    plan: str
    blocks: tuple[int, int, int]
    num_classes: int = 10
    scales: tuple[float, float, float] = (0.17, 0.10, 0.20)
    dropout: float = 0.2
    width: float = 1.0
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "inception_resnet", side=75)
        unit = partial(
            ConvNorm,
            epsilon=1e-3,
            activation=self.activation,
            kernel_init=self.kernel_init,
            train=train,
            multiplier=self.width,
            dtype=self.dtype,
        )
        expand = partial(Conv, kernel_size=(1, 1), dtype=self.dtype, kernel_init=initializer(self.kernel_init))
        residual = partial(ResidualBranches, unit=unit, expand=expand)
        act, plan = activation(self.activation), lookup(PLANS, self.plan, "plan")
        x = run_stem(images, plan.stem, unit)
        if plan.mixed_5b:
            x = Branches(plan.mixed_5b, unit, name="mixed_5b")(x)
        parts = (("a", plan.a, plan.reduction_a), ("b", plan.b, plan.reduction_b), ("c", plan.c, None))
        for (letter, chains, reduction), scale, depth in zip(parts, self.scales, self.blocks, strict=True):
            for index in range(1, depth + 1):
                x = residual(chains, scale, act=act, name=f"inception_{letter}{index}")(x)
            if reduction:
                x = Branches(reduction, unit, name=f"reduction_{letter}")(x)
        if plan.last_linear:
            x = residual(plan.c, 1.0, name=f"inception_c{self.blocks[-1] + 1}")(x)
        x = unit(plan.final, 1, name="final")(x) if plan.final else x
        return Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(x)


MODELS = {
    "inception_resnet_v1_299": partial(InceptionResNet, plan="v1", blocks=(5, 10, 5)),
    "inception_resnet_v1_paper_299": partial(InceptionResNet, plan="v1_paper", blocks=(5, 10, 5)),
    "inception_resnet_v2_299": partial(InceptionResNet, plan="v2", blocks=(10, 20, 9)),
    "inception_resnet_v2_paper_299": partial(InceptionResNet, plan="v2_paper", blocks=(5, 10, 5)),
}
