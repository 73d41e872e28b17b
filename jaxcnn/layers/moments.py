"""The passes over data that batch normalisation is made of, each with its gradient written out.

Left to automatic differentiation, XLA keeps centred copies in float32 of what may be bfloat16 and passes over them
several times; written out, gradients read the input and the cotangent alone. Nothing here knows of devices.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

# Values that a CPU sums at once in bfloat16: few enough to stay in the nearest cache with their sums.
BLOCK = 2048

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


def _wide(x: jax.Array) -> jax.Array:
    return x.astype(jnp.float32)


def _sums(x: jax.Array, y: jax.Array) -> Pair:
    """Sums of x and of x * y over all but the channels, in float32."""
    rows = _rows(x)
    if x.dtype != jnp.bfloat16 or rows is None:
        return _plain_sums(x, y)
    return lax.platform_dependent(x, y, cpu=partial(_blockwise_sums, rows=rows), default=_plain_sums)


def _plain_sums(x: jax.Array, y: jax.Array) -> Pair:
    axes = tuple(range(x.ndim - 1))
    return _wide(x).sum(axes), (_wide(x) * _wide(y)).sum(axes)


def _blockwise_sums(x: jax.Array, y: jax.Array, rows: int) -> Pair:
    """A CPU widens all of a bfloat16 array before it sums it; block by block, that stays in the cache."""
    channels = x.shape[-1]

    def add(sums: Pair, blocks: Pair) -> tuple[Pair, None]:
        first, second = (_wide(block) for block in blocks)
        return (sums[0] + first, sums[1] + first * second), None

    zero, blocks = jnp.zeros((rows, channels), jnp.float32), (-1, rows, channels)
    (total, product), _ = lax.scan(add, (zero, zero), (x.reshape(blocks), y.reshape(blocks)))
    return total.sum(0), product.sum(0)


def _rows(x: jax.Array) -> int | None:
    """The most rows of all channels that fill a block and divide the whole; None if they fill less than a quarter."""
    count, channels = x.size // x.shape[-1], x.shape[-1]
    rows = next((rows for rows in range(BLOCK // channels, 0, -1) if count % rows == 0), 0)
    return rows if rows * channels >= BLOCK // 4 else None
