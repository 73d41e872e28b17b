"""Sums over all but the channels, in float32 (float64 of float64), fast also of bfloat16 on a CPU."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from jaxcnn.ops.varying import alike

# Lanes of a CPU's sums in bfloat16, few enough to stay in the L1 cache, and how many values each adds at once.
BLOCK = 4096
TERMS = (4, 5, 3, 2, 1)

Pair = tuple[jax.Array, jax.Array]


def wide(x: jax.Array) -> jax.Array:
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


@jax.jit  # traced once for each shape, and not for each layer
def sums(x: jax.Array, y: jax.Array) -> Pair:
    """Sums of x and of x * y over all but the channels, in float32."""
    block = _block(x)
    if x.dtype != jnp.bfloat16 or block is None:
        return _plain_sums(x, y)
    return lax.platform_dependent(x, y, cpu=partial(_blockwise_sums, block=block), default=_plain_sums)


def _plain_sums(x: jax.Array, y: jax.Array) -> Pair:
    axes = tuple(range(x.ndim - 1))
    return wide(x).sum(axes), (wide(x) * wide(y)).sum(axes)


def _blockwise_sums(x: jax.Array, y: jax.Array, block: tuple[int, int]) -> Pair:
    """A CPU widens all of a bfloat16 array before it sums it; block by block, that stays in the cache.

    A block is `rows` of all channels side by side, as one row of channels may be too short to fill a vector.
    """
    terms, rows = block
    lanes, channels = rows * x.shape[-1], x.shape[-1]
    x, y = lax.optimization_barrier((x, y))  # else what makes them is computed in the blocks' shape, not its own

    def add(sums: Pair, blocks: Pair) -> tuple[Pair, None]:
        pairs = [(wide(first), wide(second)) for first, second in zip(*blocks, strict=True)]
        return (sums[0] + sum(first for first, _ in pairs), sums[1] + sum(a * b for a, b in pairs)), None

    zero, blocks = alike(jnp.zeros(lanes, jnp.float32), x)[0], (-1, terms, lanes)
    (total, product), _ = lax.scan(add, (zero, zero), (x.reshape(blocks), y.reshape(blocks)))
    return total.reshape(rows, channels).sum(0), product.reshape(rows, channels).sum(0)


def _block(x: jax.Array) -> tuple[int, int] | None:
    """How many terms of how many rows divide the whole and fill at least a quarter of a block; None if none do."""
    count, channels = x.size // x.shape[-1], x.shape[-1]
    for terms in TERMS:
        rows = next((rows for rows in range(BLOCK // channels, 0, -1) if count % (rows * terms) == 0), 0)
        if rows * channels >= BLOCK // 4:
            return terms, rows
    return None
