"""The gradient of a dense convolution by its kernel: products of patches (im2col) and the cotangent.

They go through the batch in chunks and add up in float32, so that patches never leave the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from jaxcnn.layers.geometry import Geometry, pad_images, taps

# What one chunk of patches takes: about what the cores' caches hold.
PATCH_BYTES = 6 * 2**20
# Below as many channels, the products of `_rows` are too narrow to fill the vector units.
LEAST_CHANNELS = 32
# Of a product of as many columns of the output, side by side, half is what no kernel (of width 3) reaches.
MOST_COLUMNS = 4

ChunkGradient = Callable[[jax.Array, jax.Array, Geometry], jax.Array]


def dense(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """The kernel's gradient, of the type of the images."""
    batch, high, wide, _ = geometry.output
    height, width, depth, _ = geometry.kernel
    size = _chunk_size(batch, PATCH_BYTES // (high * wide * height * width * depth * images.dtype.itemsize))
    return _add_up(_formulation(geometry), size, images, cotangent, geometry)


def _formulation(geometry: Geometry) -> ChunkGradient:
    _, _, depth, features = geometry.kernel
    if depth >= LEAST_CHANNELS:
        return _rows
    columns = min(LEAST_CHANNELS // features, MOST_COLUMNS)
    adjacent = geometry.strides == geometry.dilation == (1, 1)
    return partial(_rows, columns=columns) if columns > 1 and adjacent else _patches


def _add_up(part: ChunkGradient, size: int, images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """Sums the gradients of chunks of `size` images in float32; `part` gives them in the type of the images."""

    def add(total: jax.Array, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        # Without the barrier XLA adds within the product, in bfloat16: the total would lose what chunks bring.
        more = lax.optimization_barrier(part(*pair, geometry.replace(images=pair[0].shape)))
        return total + more.astype(jnp.float32), None

    # Chunks are cut from what the network keeps anyway; else XLA computes the activation once more for them.
    images, cotangent = lax.optimization_barrier((images, cotangent))
    batch = len(images)
    if size == batch:
        return part(images, cotangent, geometry)
    count = batch // size
    chunks = [array[: count * size].reshape(count, size, *array.shape[1:]) for array in (images, cotangent)]
    total, _ = lax.scan(add, jnp.zeros(geometry.kernel, jnp.float32), tuple(chunks))
    if rest := batch - count * size:
        total, _ = add(total, (images[-rest:], cotangent[-rest:]))
    return total.astype(images.dtype)


def _chunk_size(batch: int, most: int) -> int:
    """How many images make a chunk: a divisor of the batch near the most that fits, else that most."""
    most = max(1, min(batch, most))
    return next((size for size in range(most, most // 2, -1) if batch % size == 0), most)


def _patches(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """One product of the patches and the cotangent."""
    patches = jnp.concatenate(taps(pad_images(images, geometry.padding), geometry), axis=-1)
    return outer(patches, cotangent).reshape(geometry.kernel)


def _rows(images: jax.Array, cotangent: jax.Array, geometry: Geometry, columns: int = 1) -> jax.Array:
    """A product for each row of the kernel: patches one row high, of which every row of the kernel takes a slice.

    Patches repeat the images height * width times; these repeat them width times. Few channels fill no vectors, so
    `columns` of the output may stand side by side: patches are then as much wider, and the products hold the gradient
    once for each column, one step further down, with what no kernel reaches around it.
    """
    height, width, depth, features = geometry.kernel
    (down, right), (below, beside) = geometry.strides, geometry.dilation
    batch, high, wide, _ = geometry.output
    groups = -(-wide // columns)
    vertical, (before, after) = geometry.padding
    padded = pad_images(images, (vertical, (before, after + groups * columns - wide)))
    sides = pad_images(cotangent, ((0, 0), (0, groups * columns - wide)))
    sides = sides.reshape(batch, high, groups, columns * features)

    reach = width + columns - 1
    flat = Geometry(padded.shape, (1, reach, depth, features), (1, right * columns), dilation=(1, beside))
    strips = lax.optimization_barrier(jnp.concatenate(taps(padded, flat), axis=-1))
    upright = Geometry(strips.shape, (height, 1, reach * depth, sides.shape[-1]), (down, 1), dilation=(below, 1))
    products = jnp.stack([outer(strip, sides) for strip in taps(strips, upright)])
    products = products.reshape(height, reach, depth, columns, features).astype(jnp.float32)
    first, *others = [products[:, place : place + width, :, place] for place in range(columns)]
    return sum(others, first).astype(images.dtype)


def outer(first: jax.Array, second: jax.Array) -> jax.Array:
    """The channels' products summed over batch, rows and columns: [..., M], [..., N] -> [M, N].

    The result has the type of the operands: asked for float32, XLA would multiply bfloat16 as float32.
    """
    first, second = (array.reshape(-1, array.shape[-1]) for array in (first, second))
    return lax.dot_general(first, second, (((0,), (0,)), ((), ())))
