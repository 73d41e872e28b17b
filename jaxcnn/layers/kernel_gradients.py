"""The gradient of a dense convolution by its kernel, in the formulations that a CPU runs fast.

All go through the batch in chunks and add up in float32. Each has shapes where it is the fastest.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from jaxcnn.layers.geometry import NHWC, Geometry, pad_images, taps

# What one chunk of patches takes: about what a core's cache holds.
PATCH_BYTES = 3 * 2**20
# What one chunk of the cotangent takes as a kernel: more is read from memory again for every channel of the images.
KERNEL_BYTES = 4 * 2**20
# Images, which are then channels, and channels below which a convolution leaves vector units idle.
LEAST_IMAGES, LEAST_CHANNELS = 32, 32

ChunkGradient = Callable[[jax.Array, jax.Array, Geometry], jax.Array]


def dense(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """The kernel's gradient, of the type of the images."""
    batch, high, wide, features = geometry.output
    height, width, depth, _ = geometry.kernel
    image_bytes = high * wide * images.dtype.itemsize
    if _convolves_well(images.dtype, geometry):
        sizes = _chunk_sizes(batch, KERNEL_BYTES // (image_bytes * features))
        size = next((size for size in sizes if size % LEAST_IMAGES == 0), sizes[0])
        return _add_up(_convolution, size, images, cotangent, geometry)
    if _is_separable(geometry):
        size = _chunk_sizes(batch, PATCH_BYTES // (image_bytes * (width * depth + height * features)))[0]
        return _add_up(_rows_and_columns, size, images, cotangent, geometry)
    size = _chunk_sizes(batch, PATCH_BYTES // (image_bytes * height * width * depth))[0]
    return _add_up(_patches, size, images, cotangent, geometry)


def _add_up(part: ChunkGradient, size: int, images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """Sums the gradients of chunks of `size` images in float32; `part` gives them in the type of the images."""

    def add(total: jax.Array, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        return total + part(*pair, geometry.replace(images=pair[0].shape)).astype(jnp.float32), None

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


def _chunk_sizes(batch: int, most: int) -> list[int]:
    """Numbers of images in a chunk, the best first: divisors of the batch near the most that fits, else that most."""
    most = max(1, min(batch, most))
    return [size for size in range(most, most // 2, -1) if batch % size == 0] or [most]


def _convolves_well(dtype: jnp.dtype, geometry: Geometry) -> bool:
    """Whether `_convolution` is the fastest: oneDNN's convolutions are for bfloat16 here, and want enough of each axis.

    Seen on AVX-512 at batch 128, against the faster of the others: 0.56 of the time for 8x8x64, 0.75 for 8x8x256,
    0.8 for 32x32x64, 0.9 for 16x16x128; 1.3 for 32x32x16.
    """
    batch, high, wide, features = geometry.output
    fits = high * wide * features * LEAST_IMAGES * dtype.itemsize <= KERNEL_BYTES
    enough = min(features, geometry.kernel[2]) >= LEAST_CHANNELS and batch >= LEAST_IMAGES
    return dtype == jnp.bfloat16 and fits and enough


def _convolution(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """A convolution in which images are channels and channels are images, and the cotangent is the kernel."""
    spread = [(size - 1) * stride + 1 for size, stride in zip(cotangent.shape[1:3], geometry.strides, strict=True)]
    needed = [window - 1 + size for window, size in zip(geometry.window, spread, strict=True)]
    padding = tuple(
        (low, size - low - given)
        for (low, _), size, given in zip(geometry.padding, needed, images.shape[1:3], strict=True)
    )
    # Without the barrier XLA hands the transpositions on to oneDNN, which inside a loop then computes naively.
    swapped, kernel = lax.optimization_barrier(
        (pad_images(images, padding).transpose(3, 1, 2, 0), cotangent.transpose(1, 2, 0, 3))
    )
    gradient = lax.conv_general_dilated(
        swapped, kernel, geometry.dilation, "VALID", rhs_dilation=geometry.strides, dimension_numbers=NHWC
    )
    return gradient.transpose(1, 2, 0, 3)


def _patches(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """One product of the patches (im2col) and the cotangent."""
    patches = jnp.concatenate(taps(pad_images(images, geometry.padding), geometry), axis=-1)
    return outer(patches, cotangent).reshape(geometry.kernel)


def _is_separable(geometry: Geometry) -> bool:
    """Whether `_rows_and_columns` applies, its extra rows cost little, and it copies less than patches do."""
    rows, (height, width, depth, features) = geometry.output[1], geometry.kernel
    few_rows = geometry.strides[0] == 1 and 4 * (geometry.window[0] - 1) <= rows
    return few_rows and width * depth + height * features < height * width * depth


def _rows_and_columns(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """One product of column-shifted images and row-shifted cotangents, all pairs of shifts at once.

    Patches repeat the images height * width times; this repeats the images width times and the cotangent height
    times, and memory traffic is what limits a kernel gradient. Valid for strides of 1 between rows.
    """
    height, width, depth, features = geometry.kernel
    padded = pad_images(images, geometry.padding)
    rows, reach = padded.shape[1], geometry.window[0] - 1
    columns = geometry.replace(images=padded.shape, kernel=(1, width, depth, features), padding=((0, 0), (0, 0)))
    below = rows - cotangent.shape[1]
    framed = pad_images(cotangent, ((reach, below), (0, 0)))
    starts = [reach - i * geometry.dilation[0] for i in range(height)]
    shifted = jnp.concatenate([framed[:, start : start + rows] for start in starts], axis=-1)
    product = outer(jnp.concatenate(taps(padded, columns), axis=-1), shifted)
    return product.reshape(width, depth, height, features).transpose(2, 0, 1, 3)


def outer(first: jax.Array, second: jax.Array) -> jax.Array:
    """The channels' products summed over batch, rows and columns: [..., M], [..., N] -> [M, N].

    The result has the type of the operands: asked for float32, XLA would multiply bfloat16 as float32.
    """
    first, second = (array.reshape(-1, array.shape[-1]) for array in (first, second))
    return lax.dot_general(first, second, (((0,), (0,)), ((), ())))
