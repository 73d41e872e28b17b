"""Batch-norm reductions with hand-written gradients.

Left to automatic differentiation, XLA keeps centered copies in float32 of what may be bfloat16 and passes over them
several times; written out, gradients read only the input and the cotangent. Nothing here knows of devices.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

# Lanes of a CPU's sums in bfloat16, few enough to stay in the L1 cache, and how many values each adds at once.
BLOCK = 4096
TERMS = (4, 5, 3, 2, 1)

Pair = tuple[jax.Array, jax.Array]


@jax.custom_vjp
def moments(x: jax.Array) -> Pair:
    """The means of x and of its square over all but the channels: [..., C] -> [C], [C] in float32."""
    count = x.size // x.shape[-1]
    total, square = _sums(x, x)
    return total / count, square / count


def _moments_backward(x: jax.Array, cotangents: Pair) -> tuple[jax.Array]:
    mean, square = (cotangent * (x.shape[-1] / x.size) for cotangent in cotangents)
    return ((_wide(x) * (2 * square) + mean).astype(x.dtype),)


moments.defvjp(lambda x: (moments(x), x), _moments_backward)


@jax.custom_vjp
def scale_and_shift(x: jax.Array, factor: jax.Array, offset: jax.Array) -> jax.Array:
    """x * factor + offset, channel by channel: [..., C], [C], [C] -> [..., C]; float32 inside, x's type outside."""
    return (_wide(x) * factor + offset).astype(x.dtype)


def _scale_and_shift_backward(residuals: Pair, cotangent: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    x, factor = residuals
    total, product = _sums(cotangent, x)
    return (_wide(cotangent) * factor).astype(x.dtype), product, total


scale_and_shift.defvjp(
    lambda x, factor, offset: (scale_and_shift(x, factor, offset), (x, factor)), _scale_and_shift_backward
)


@jax.custom_vjp
def shift(x: jax.Array, offset: jax.Array) -> jax.Array:
    """x + offset, channel by channel: [..., C], [C] -> [..., C], of x's type."""
    return (_wide(x) + offset).astype(x.dtype)


shift.defvjp(
    lambda x, offset: (shift(x, offset), offset),
    lambda offset, cotangent: (cotangent, _sums(cotangent, cotangent)[0].astype(offset.dtype)),
)


def _wide(x: jax.Array) -> jax.Array:
    return x.astype(jnp.float32)


@jax.jit  # traced once for each shape, and not for each layer
def _sums(x: jax.Array, y: jax.Array) -> Pair:
    """Sums of x and of x * y over all but the channels, in float32."""
    block = _block(x)
    if x.dtype != jnp.bfloat16 or block is None:
        return _plain_sums(x, y)
    return lax.platform_dependent(x, y, cpu=partial(_blockwise_sums, block=block), default=_plain_sums)


def _plain_sums(x: jax.Array, y: jax.Array) -> Pair:
    axes = tuple(range(x.ndim - 1))
    return _wide(x).sum(axes), (_wide(x) * _wide(y)).sum(axes)


def _blockwise_sums(x: jax.Array, y: jax.Array, block: tuple[int, int]) -> Pair:
    """A CPU widens all of a bfloat16 array before it sums it; block by block, that stays in the cache.

    A block is `rows` of all channels side by side, as one row of channels may be too short to fill a vector.
    """
    terms, rows = block
    lanes, channels = rows * x.shape[-1], x.shape[-1]
    x, y = lax.optimization_barrier((x, y))  # else what makes them is computed in the blocks' shape, not its own

    def add(sums: Pair, blocks: Pair) -> tuple[Pair, None]:
        pairs = [(_wide(first), _wide(second)) for first, second in zip(*blocks, strict=True)]
        return (sums[0] + sum(first for first, _ in pairs), sums[1] + sum(a * b for a, b in pairs)), None

    zero, blocks = jnp.zeros(lanes, jnp.float32), (-1, terms, lanes)
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
