"""The gradient of a dense convolution by its kernel: products of patches (im2col) and the cotangent.

They go through the batch in chunks and add up in float32, so that patches never leave the cache.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from jaxcnn.ops.geometry import Geometry, pad_images, taps
from jaxcnn.ops.varying import alike

# Bytes of one chunk of an operand's copies: about the size of the cores' caches.
CHUNK_BYTES = 6 * 2**20

Operands = Callable[[jax.Array, jax.Array, Geometry], tuple[jax.Array, jax.Array]]
"""(images, cotangent, geometry) -> two arrays [..., M], [..., N] whose `outer` product holds the gradient."""


def dense(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """The kernel's gradient, of the type of the images."""
    height, width, depth, features = geometry.kernel
    crossed, patches = (width * depth, height * features), (height * width * depth, features)
    if geometry.strides[0] == 1 and sum(crossed) < patches[0]:
        size = _chunk_size(geometry, geometry.images[1] * sum(crossed) * images.dtype.itemsize)
        product = _add_up(_crossed, crossed, size, images, cotangent, geometry)
        return product.reshape(width, depth, height, features).transpose(2, 0, 1, 3)
    size = _chunk_size(geometry, geometry.output[1] * patches[0] * images.dtype.itemsize)
    return _add_up(_patches, patches, size, images, cotangent, geometry).reshape(geometry.kernel)


def _add_up(
    operands: Operands,
    shape: tuple[int, int],
    size: int,
    images: jax.Array,
    cotangent: jax.Array,
    geometry: Geometry,
) -> jax.Array:
    """Sums the products [M, N] of chunks of `size` images in float32; the sum is of the type of the images."""

    def product(images: jax.Array, cotangent: jax.Array) -> jax.Array:
        return outer(*operands(images, cotangent, geometry.replace(images=images.shape)))

    def add(total: jax.Array, pair: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        # Without the barrier XLA adds within the product, in bfloat16: the total would lose what chunks bring.
        return total + lax.optimization_barrier(product(*pair)).astype(jnp.float32), None

    # Chunks are cut from saved activations; otherwise XLA computes the activation again for them.
    images, cotangent = lax.optimization_barrier((images, cotangent))
    batch = len(images)
    if size == batch:
        return product(images, cotangent)
    count = batch // size
    chunks = [array[: count * size].reshape(count, size, *array.shape[1:]) for array in (images, cotangent)]
    total, _ = lax.scan(add, alike(jnp.zeros(shape, jnp.float32), images)[0], tuple(chunks))
    if rest := batch - count * size:
        total, _ = add(total, (images[-rest:], cotangent[-rest:]))
    return total.astype(images.dtype)


def _chunk_size(geometry: Geometry, column_bytes: int) -> int:
    """How many images make a chunk: a divisor of the batch near the most that fits, else that most."""
    batch, _, wide, _ = geometry.output
    most = max(1, min(batch, CHUNK_BYTES // (wide * column_bytes)))
    return next((size for size in range(most, most // 2, -1) if batch % size == 0), most)


def _patches(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> tuple[jax.Array, jax.Array]:
    """The patches and the cotangent: [height * width * depth, features]."""
    return jnp.concatenate(taps(pad_images(images, geometry.padding), geometry), axis=-1), cotangent


def _crossed(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> tuple[jax.Array, jax.Array]:
    """The images once for each column of the kernel, the cotangent for each row: [width * depth, height * features].

    The kernel's columns shift the images and its rows the cotangent, against each other as in patches; of as many
    channels on both sides, 3 + 3 copies are made where patches make 9, and the product is as wide as high.
    """
    (above, _), beside = geometry.padding
    row = geometry.replace(kernel=(1, *geometry.kernel[1:]), padding=((0, 0), beside))
    strips = jnp.concatenate(taps(pad_images(images, row.padding), row), axis=-1)

    def shifted(down: int) -> jax.Array:
        below = images.shape[1] - cotangent.shape[1] - down
        return pad_images(cotangent, ((down, below), (0, 0)))

    downs = [place * geometry.dilation[0] - above for place in range(geometry.kernel[0])]
    return lax.optimization_barrier((strips, jnp.concatenate([shifted(down) for down in downs], axis=-1)))


def outer(first: jax.Array, second: jax.Array) -> jax.Array:
    """The channels' products summed over batch, rows and columns: [..., M], [..., N] -> [M, N].

    The result has the type of the operands: for a float32 result, XLA would multiply bfloat16 as float32.
    """
    first, second = (array.reshape(-1, array.shape[-1]) for array in (first, second))
    return lax.dot_general(first, second, (((0,), (0,)), ((), ())))
