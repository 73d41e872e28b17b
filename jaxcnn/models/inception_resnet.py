"""Inception-ResNet v1 and v2: Inception modules whose output is scaled and added to their input."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import Conv, ConvNorm, Head, activation, check_images, initializer
from jaxcnn.layers.branches import AVERAGE_INSIDE, HALVE, Branches, Chain, Unit, run_chain
from jaxcnn.models import inception_v3, inception_v4


class Plan(NamedTuple):
    """The parts of one network, as chains of branches."""

    stem: Chain
    a: tuple[Chain, ...]
    reduction_a: tuple[Chain, ...]
    b: tuple[Chain, ...]
    reduction_b: tuple[Chain, ...]
    c: tuple[Chain, ...]
    last_linear: bool = True  # one more block c, with scale 1 and without activation
    top: Chain = ()


def block_a(last: int, widest: int) -> tuple[Chain, ...]:
    """Figures 10 and 16."""
    return ((Unit(32),), (Unit(32), Unit(32, 3)), (Unit(32), Unit(last, 3), Unit(widest, 3)))


def reduction_a(k: int, el: int, m: int, n: int) -> tuple[Chain, ...]:
    """Figure 7 and table 1."""
    return ((Unit(n, 3, 2, "VALID"),), (Unit(k), Unit(el, 3), Unit(m, 3, 2, "VALID")), (HALVE,))


def block_one_sided(one: int, widths: tuple[int, int, int], row: tuple[int, int]) -> tuple[Chain, ...]:
    """Figures 11, 13, 17 and 19: a 1x1 branch beside a row and a column."""
    narrow, middle, wide = widths
    return ((Unit(one),), (Unit(narrow), Unit(middle, row), Unit(wide, row[::-1])))


def reduction_b(middle: int, wide: int) -> tuple[Chain, ...]:
    """Figures 12 and 18."""
    return (
        (Unit(256), Unit(384, 3, 2, "VALID")),
        (Unit(256), Unit(middle, 3, 2, "VALID")),
        (Unit(256), Unit(middle, 3), Unit(wide, 3, 2, "VALID")),
        (HALVE,),
    )


MIXED_5B = (
    (Unit(96),),
    (Unit(48), Unit(64, 5)),
    (Unit(64), Unit(96, 3), Unit(96, 3)),
    (AVERAGE_INSIDE, Unit(64)),
)
V1 = Plan(
    stem=(*inception_v3.STEM_299[:-1], Unit(256, 3, 2, "VALID")),
    a=block_a(32, 32),
    reduction_a=reduction_a(192, 192, 256, 384),
    b=block_one_sided(128, (128, 128, 128), (1, 7)),
    reduction_b=reduction_b(256, 256),
    c=block_one_sided(192, (192, 192, 192), (1, 3)),
)
V2 = Plan(
    stem=(*inception_v3.STEM_299, MIXED_5B),
    a=block_a(48, 64),
    reduction_a=reduction_a(256, 256, 384, 384),
    b=block_one_sided(192, (128, 160, 192), (1, 7)),
    reduction_b=reduction_b(288, 320),
    c=block_one_sided(192, (192, 224, 256), (1, 3)),
    top=(Unit(1536),),
)


class ResidualBranches(nn.Module):
    """x + scale * (1x1 convolution of the joined branches), activated if `act` is given: [B, H, W, C] -> the same.

    The 1x1 convolution, `up`, has a bias and neither normalization nor activation.
    Source: Szegedy et al. 2017, arXiv:1602.07261, figure 20 and section 3.3.
    """

    chains: tuple[Chain, ...]
    scale: float
    unit: Callable[..., nn.Module]
    up: Callable[..., nn.Module]
    act: Callable[[jax.Array], jax.Array] | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        joined = Branches(self.chains, self.unit, name="branches")(x)
        x = x + self.scale * self.up(x.shape[-1], name="up")(joined)
        return x if self.act is None else self.act(x)


class InceptionResNet(nn.Module):
    """A stem and three groups of residual Inception blocks, with reductions: [B, H, W, C] -> logits [B, num_classes].

    UserError for images under 75 pixels.
    Source: Szegedy et al. 2017, arXiv:1602.07261, figure 15. `inception_resnet_v2_299` is the released network (timm,
    slim), which differs from the figures: stem of Inception v3, 10/20/10 blocks, widths 320/1088/2080;
    `inception_resnet_v2_paper_299` reads the figures literally and has 32 million parameters, not 55.8.
    `inception_resnet_v1_299` is facenet's, with a last linear block; `inception_resnet_v1_paper_299` is without it.

    Options:
        plan: the parts of the network.
        blocks: residual blocks of each of the three groups, without the last linear one.
        scales: factors on the residuals of the three groups.
        dropout: share of the last features dropped in training.
        width: factor on the channels of all convolutions.
    """

    plan: Plan
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
        up = partial(Conv, kernel_size=(1, 1), dtype=self.dtype, kernel_init=initializer(self.kernel_init))
        residual = partial(ResidualBranches, unit=unit, up=up)
        act, plan = activation(self.activation), self.plan
        x = run_chain(images, plan.stem, unit, "stem_")
        groups = zip("abc", (plan.a, plan.b, plan.c), self.scales, self.blocks, strict=True)
        reductions = {"b": plan.reduction_a, "c": plan.reduction_b}
        for group, chains, scale, depth in groups:
            if group in reductions:
                x = Branches(reductions[group], unit, name=f"reduction_{group}")(x)
            for index in range(depth):
                x = residual(chains, scale, act=act, name=f"{group}_{index}")(x)
        if plan.last_linear:
            x = residual(plan.c, 1.0, name="c_last")(x)
        x = run_chain(x, plan.top, unit, "top_")
        return Head(self.num_classes, self.dropout, train, dtype=self.dtype, name="head")(x)


inception_resnet_v1_299 = partial(InceptionResNet, plan=V1, blocks=(5, 10, 5))
inception_resnet_v1_paper_299 = partial(inception_resnet_v1_299, plan=V1._replace(last_linear=False))
inception_resnet_v2_299 = partial(InceptionResNet, plan=V2, blocks=(10, 20, 9))
inception_resnet_v2_paper_299 = partial(
    InceptionResNet, plan=V2._replace(stem=inception_v4.STEM, last_linear=False, top=()), blocks=(5, 10, 5)
)
