"""Inception modules as data: chains of convolutions side by side, concatenated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxcnn.ops.pool import avg_pool, max_pool


class Unit(NamedTuple):
    """One convolution of a chain, with what the network does after each: see ConvNorm."""

    features: int
    kernel: int | tuple[int, int] = 1
    strides: int = 1
    padding: str | None = None


Pool = Callable[[jax.Array], jax.Array]
Step = Unit | Pool | tuple["Chain", ...]
Chain = tuple[Step, ...]

AROUND = ((1, 1), (1, 1))
MAX = partial(max_pool, window_shape=(3, 3), strides=(1, 1), padding=AROUND)
AVERAGE = partial(avg_pool, window_shape=(3, 3), strides=(1, 1), padding=AROUND)
AVERAGE_INSIDE = partial(AVERAGE, count_include_pad=False)
HALVE = partial(max_pool, window_shape=(3, 3), strides=(2, 2))
HALVE_CEIL = partial(HALVE, ceil_mode=True)


class Branches(nn.Module):
    """Run each chain on the same input and concatenate: [B, H, W, C] -> [B, H', W', sum of the last widths].

    A step of a chain is a `Unit`, made by `unit`; a pool, which is called; or a fork: chains that share what comes
    before them. Chains must agree in H' and W'. The parameters of step j of chain i are `branch{i}_{j}`.
    Source: Szegedy et al. 2015, arXiv:1409.4842, figure 2b; forks in arXiv:1512.00567, figure 7.
    """

    chains: tuple[Chain, ...]
    unit: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        ends = [run_chain(x, chain, self.unit, f"branch{index}_") for index, chain in enumerate(self.chains)]
        return jnp.concatenate(ends, axis=-1)


def run_chain(x: jax.Array, chain: Chain, unit: Callable[..., nn.Module], prefix: str) -> jax.Array:
    """Apply the steps of `chain` one after another, step j with the parameters `{prefix}{j}`."""
    for index, step in enumerate(chain):
        name = f"{prefix}{index}"
        if isinstance(step, Unit):
            x = unit(**step._asdict(), name=name)(x)
        elif isinstance(step, tuple):
            x = Branches(step, unit, name=name)(x)
        else:
            x = step(x)
    return x
