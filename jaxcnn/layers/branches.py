"""Inception modules as data: chains of convolutions side by side, concatenated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxcnn.ops.pool import avg_pool, max_pool


class Unit(NamedTuple):
    """One convolution of a chain, with the normalization and activation after it: see ConvNorm.

    `part` stands after the name of the branch (`branch3x3_reduce`); a unit without one is numbered.
    """

    features: int
    kernel: int | tuple[int, int] = 1
    strides: int = 1
    padding: str | None = None
    part: str = ""


Reduce = partial(Unit, part="reduce")
"""The 1x1 convolution that narrows the input of a larger one."""

Pool = Callable[[jax.Array], jax.Array]
Step = Unit | Pool | tuple["Chain", ...]
Chain = tuple[Step, ...]
Chains = Mapping[str, Chain]
"""The branches of a module by their names."""

AROUND = ((1, 1), (1, 1))
MAX = partial(max_pool, window_shape=(3, 3), strides=(1, 1), padding=AROUND)
AVERAGE = partial(avg_pool, window_shape=(3, 3), strides=(1, 1), padding=AROUND)
AVERAGE_INSIDE = partial(AVERAGE, count_include_pad=False)
HALVE = partial(max_pool, window_shape=(3, 3), strides=(2, 2))
HALVE_CEIL = partial(HALVE, ceil_mode=True)


class Branches(nn.Module):
    """Run each chain on the same input and concatenate: [B, H, W, C] -> [B, H', W', sum of the last widths].

    A step of a chain is a `Unit`, made by `unit`; a pool, which is called; or a fork: chains that share the
    steps before them. Chains must agree in H' and W'.
    Source: Szegedy et al. 2015, arXiv:1409.4842, figure 2b; forks in arXiv:1512.00567, figure 7.

    The parameters have the names that torchvision gives them: `branch1x1` for the only unit of a branch, `branch5x5_1`
    and `branch5x5_2` for two of them, `branch3x3_2a` and `branch3x3_2b` for a fork in the second place.
    """

    chains: Chains
    unit: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return run_chains(x, self.chains, self.unit)


class Stem(nn.Module):
    """A chain in front of all modules, whose units are `conv1`, `conv2` and so on: [B, H, W, C] -> [B, H', W', D]."""

    chain: Chain
    unit: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return run_chain(x, self.chain, self.unit, "conv", separator="")


def run_stem(images: jax.Array, chain: Chain, unit: Callable[..., nn.Module]) -> jax.Array:
    """Apply `chain` with the parameters `stem`, if it is one unit, or else `stem/conv1` and so on."""
    if len(chain) == 1:
        return run_chain(images, chain, unit, "stem")
    return Stem(chain, unit, name="stem")(images)


def run_chains(x: jax.Array, chains: Chains, unit: Callable[..., nn.Module]) -> jax.Array:
    """Apply each chain to `x` and concatenate, for use in a compact method."""
    return jnp.concatenate([run_chain(x, chain, unit, name) for name, chain in chains.items()], axis=-1)


def run_chain(x: jax.Array, chain: Chain, unit: Callable[..., nn.Module], name: str, separator: str = "_") -> jax.Array:
    """Apply the steps of the chain `name` one after another, for use in a compact method."""
    for step, place in zip(chain, _names(chain, name, separator), strict=True):
        if isinstance(step, Unit):
            x = unit(step.features, step.kernel, step.strides, step.padding, name=place)(x)
        elif isinstance(step, tuple):
            x = run_chains(x, {place + letter: each for letter, each in zip("abc", step, strict=False)}, unit)
        else:
            x = step(x)
    return x


def _names(chain: Chain, name: str, separator: str) -> list[str]:
    """A name for each step: with its part, or numbered among the steps with weights, unless there is only one."""
    numbered = [index for index, step in enumerate(chain) if not callable(step) and not getattr(step, "part", "")]
    names = {index: f"{name}{separator}{number}" for number, index in enumerate(numbered, 1)}
    if len(numbered) == 1:
        names = {numbered[0]: name}
    return [names.get(index, f"{name}_{getattr(step, 'part', '')}") for index, step in enumerate(chain)]
