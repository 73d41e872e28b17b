"""Pooling with `flax.linen`'s signatures, gradients that are fast on a CPU, and PyTorch's ceil mode."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxcnn.ops.geometry import Geometry, Padding, pad_images, taps
from jaxcnn.ops.plain import is_plain

PaddingLike = str | Sequence[tuple[int, int]]


def max_pool(
    inputs: jax.Array | np.ndarray,
    window_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: PaddingLike = "VALID",
    *,
    ceil_mode: bool = False,
) -> jax.Array:
    """The greatest value of each window: [batch, height, width, channel] -> [batch, rows, columns, channel].

    As `flax.linen.max_pool` (strides default to 1; padding is minus infinity); `ceil_mode` keeps a last window that
    reaches over the edge if it begins before it. Of equal values the first, row by row, takes the whole gradient.
    """
    if not _covered(inputs, window_shape):
        return _flax(nn.max_pool, inputs, window_shape, strides, padding, ceil_mode)
    geometry, _ = _geometry(inputs, window_shape, strides, padding, ceil_mode)
    if is_plain():
        return nn.max_pool(inputs, geometry.window, geometry.strides, geometry.padding)
    # The gradients of overlapping windows are added up, and a CPU adds bfloat16 several times slower than float32.
    overlapping = geometry.strides != geometry.window
    values = jnp.asarray(inputs, jnp.promote_types(inputs.dtype, jnp.float32) if overlapping else inputs.dtype)
    return _greatest(pad_images(values, geometry.padding, -jnp.inf), _padded(geometry)).astype(inputs.dtype)


def avg_pool(
    inputs: jax.Array | np.ndarray,
    window_shape: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: PaddingLike = "VALID",
    count_include_pad: bool = True,
    *,
    ceil_mode: bool = False,
) -> jax.Array:
    """The mean of each window: [batch, height, width, channel] -> [batch, rows, columns, channel].

    As `flax.linen.avg_pool`. What is beyond the edge in `ceil_mode` is never counted, padding only with
    `count_include_pad`. Sums are in float32.
    """
    if not _covered(inputs, window_shape):
        average = functools.partial(nn.avg_pool, count_include_pad=count_include_pad)
        return _flax(average, inputs, window_shape, strides, padding, ceil_mode)
    geometry, declared = _geometry(inputs, window_shape, strides, padding, ceil_mode)
    counts = _counts(geometry, declared if count_include_pad else ((0, 0), (0, 0)))
    if is_plain():
        total = nn.pool(
            jnp.asarray(inputs, jnp.float32), 0.0, lax.add, geometry.window, geometry.strides, geometry.padding
        )
    else:
        total = _total(pad_images(inputs, geometry.padding).astype(jnp.float32), _padded(geometry))
    return (total * (1 / counts)).astype(inputs.dtype)


def _covered(inputs: Any, window_shape: Sequence[int]) -> bool:
    return inputs.ndim == 4 and len(window_shape) == 2 and jnp.issubdtype(inputs.dtype, jnp.floating)


def _flax(pool, inputs, window_shape, strides, padding, ceil_mode: bool) -> jax.Array:
    if ceil_mode:
        raise ValueError(f"ceil_mode needs floating-point images [batch, height, width, channel], not {inputs.shape}.")
    return pool(inputs, tuple(window_shape), strides, padding)


def _geometry(inputs, window_shape, strides, padding, ceil_mode: bool) -> tuple[Geometry, Padding]:
    """The windows as a depthwise convolution's, and the padding that was asked for, without ceil mode's."""
    sizes = inputs.shape[1:3]
    strides = tuple(strides or (1, 1))
    pads = lax.padtype_to_pads(sizes, window_shape, strides, padding) if isinstance(padding, str) else padding
    declared = tuple((int(low), int(high)) for low, high in pads)
    reached = declared
    if ceil_mode:
        each = zip(sizes, window_shape, strides, declared, strict=True)
        reached = tuple((pad[0], pad[1] + _overhang(size, window, stride, pad)) for size, window, stride, pad in each)
    kernel = (*window_shape, 1, inputs.shape[3])
    return Geometry(inputs.shape, kernel, strides, reached, groups=inputs.shape[3]), declared


def _overhang(size: int, window: int, stride: int, pad: tuple[int, int]) -> int:
    """How far the last window reaches over the padded edge; it must begin inside the image or the padding before."""
    steps = -(-(size + sum(pad) - window) // stride)
    if steps * stride >= size + pad[0]:
        steps -= 1
    return max(0, steps * stride + window - size - sum(pad))


def _padded(geometry: Geometry) -> Geometry:
    batch, high, wide, channels = geometry.images
    (top, bottom), (left, right) = geometry.padding
    return geometry.replace(images=(batch, high + top + bottom, wide + left + right, channels), padding=((0, 0),) * 2)


def _counts(geometry: Geometry, counted: Padding) -> np.ndarray:
    """[rows, columns, 1]: how many places of each window lie in the image or in the padding that counts."""
    lines = []
    for axis in (0, 1):
        size, stride, window = geometry.images[axis + 1], geometry.strides[axis], geometry.window[axis]
        begin = np.arange(geometry.output[axis + 1]) * stride - geometry.padding[axis][0]
        low, high = -counted[axis][0], size + counted[axis][1]
        lines.append(np.minimum(begin + window, high) - np.maximum(begin, low))
    return np.outer(*lines)[..., None].astype(np.float32)


def _tiles(padded: jax.Array, geometry: Geometry) -> jax.Array | None:
    """Windows that do not overlap, [batch, row, height, column, width, channel]; None if they do."""
    if geometry.strides != geometry.window:
        return None
    batch, rows, columns, channels = geometry.output
    high, wide = geometry.window
    return padded[:, : rows * high, : columns * wide].reshape(batch, rows, high, columns, wide, channels)


def _total(padded: jax.Array, geometry: Geometry) -> jax.Array:
    tiles = _tiles(padded, geometry)
    if tiles is None:
        return functools.reduce(jnp.add, taps(padded, geometry))
    return tiles.sum((2, 4))


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _greatest(padded: jax.Array, geometry: Geometry) -> jax.Array:
    return functools.reduce(jnp.maximum, _candidates(padded, geometry)).astype(padded.dtype)


@_greatest.defjvp
def _greatest_jvp(geometry: Geometry, primals, tangents):
    (padded,), (tangent,) = primals, tangents
    values = _candidates(padded, geometry)
    number = jnp.uint8 if len(values) < 256 else jnp.int32
    contestants = [(value, jnp.full(value.shape, i, number)) for i, value in enumerate(values)]
    while len(contestants) > 1:  # in rounds: a chain of comparisons takes a CPU longer
        pairs = zip(contestants[::2], contestants[1::2], strict=False)
        contestants = [_winner(*pair) for pair in pairs] + contestants[len(contestants) // 2 * 2 :]
    ((greatest, place),) = contestants
    greatest, place = lax.optimization_barrier((greatest.astype(padded.dtype), place))
    return greatest, _pick(tangent, place, geometry)


def _candidates(padded: jax.Array, geometry: Geometry) -> list[jax.Array]:
    """The values of each place of the window, in float32: a CPU compares bfloat16 three times slower."""
    return [value.astype(jnp.promote_types(value.dtype, jnp.float32)) for value in taps(padded, geometry)]


def _winner(first: tuple[jax.Array, jax.Array], second: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """Of two values, each with its place, the greater; the first of equals, the second if it is NaN."""
    (one, place), (other, its_place) = first, second
    return jnp.maximum(one, other), jnp.where((other > one) | (other != other), its_place, place)


def _pick(values: jax.Array, place: jax.Array, geometry: Geometry) -> jax.Array:
    """Of each window's values the one at its place; linear in the values, and its transpose is one pass for tiles."""
    tiles = _tiles(values, geometry)
    if tiles is None:
        chosen = [jnp.where(place == i, value, 0) for i, value in enumerate(taps(values, geometry))]
        return functools.reduce(jnp.add, chosen)
    high, wide = geometry.window
    places = np.arange(high * wide, dtype=place.dtype).reshape(high, 1, wide, 1)
    return jnp.where(place[:, :, None, :, None] == places, tiles, 0).sum((2, 4))
