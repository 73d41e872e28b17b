"""Depthwise convolutions as sums of shifted products; XLA's own reach a hundredth of a CPU's speed."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from jaxcnn.ops.geometry import Geometry, input_gradient, pad_images, taps
from jaxcnn.ops.varying import alike

ROWS = 8


def output(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """The convolution of every channel with its own kernels, accumulated in float32."""
    copies = kernel.shape[3] // images.shape[3]
    padded = _padded(images, copies, geometry)
    # Rounded once here; otherwise they are rounded to the images' type and widened again for each output element.
    weights = lax.optimization_barrier(kernel.reshape(-1, kernel.shape[3]).astype(jnp.float32))
    products = (tap * weight for tap, weight in zip(taps(padded, geometry), weights, strict=True))
    # Kept apart from what follows, whose loops may run over other axes than these products want.
    return lax.optimization_barrier(sum(products, start=jnp.zeros((), jnp.float32)).astype(images.dtype))


def images_gradient(cotangent: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient by the images."""
    copies = kernel.shape[3] // geometry.images[3]
    by_copy = input_gradient(cotangent, kernel, geometry.replace(groups=kernel.shape[3]), output)
    if copies == 1:
        return by_copy
    return by_copy.reshape(*geometry.images, copies).astype(jnp.float32).sum(-1).astype(cotangent.dtype)


def kernel_gradient(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient by the kernel, summed over the batch one image at a time so that the sums stay in the cache."""
    copies = geometry.kernel[3] // geometry.images[3]
    padded = _padded(images, copies, geometry)
    one = geometry.replace(images=(1, *geometry.images[1:]))

    def add(sums: list[jax.Array], pair: tuple[jax.Array, jax.Array]) -> tuple[list[jax.Array], None]:
        image, gradient = pair
        return [
            _add_rows(total, tap[0], gradient) for total, tap in zip(sums, taps(image[None], one), strict=True)
        ], None

    zero = alike(jnp.zeros(cotangent.shape[2:], jnp.float32), cotangent)[0]
    zeros = [zero] * (geometry.kernel[0] * geometry.kernel[1])
    sums, _ = lax.scan(add, zeros, (padded, cotangent))
    return jnp.stack(sums).sum(1).reshape(geometry.kernel).astype(images.dtype)


def _add_rows(total: jax.Array, tap: jax.Array, gradient: jax.Array) -> jax.Array:
    """[columns, channel] plus the sum of products [rows, columns, channel] over the rows.

    Written out a few rows at a time, each widened where it is used: that becomes vector code, where XLA's reductions
    of so little are slow.
    """
    for top in range(0, len(gradient), ROWS):
        rows = range(top, min(top + ROWS, len(gradient)))
        products = (tap[row].astype(jnp.float32) * gradient[row].astype(jnp.float32) for row in rows)
        total = total + sum(products, start=jnp.zeros((), jnp.float32))
    return total


def _padded(images: jax.Array, copies: int, geometry: Geometry) -> jax.Array:
    """Padded images with each channel `copies` times, in memory: within a sum each tap would ask where the edge is."""
    repeated = images if copies == 1 else jnp.repeat(images, copies, axis=-1)
    return lax.optimization_barrier(pad_images(repeated, geometry.padding))
