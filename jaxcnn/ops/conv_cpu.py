"""The three bilinear forms of a convolution in the formulations that a CPU runs fast.

Each takes two arrays and a `Geometry`: `output(images, kernel)`, `images_gradient(cotangent, kernel)` and
`kernel_gradient(images, cotangent)`. They serve the families pointwise, grouped, depthwise and dense; depthwise ones
and the kernel gradients of dense ones have their own files.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from jaxcnn.ops import depthwise, kernel_gradients
from jaxcnn.ops.geometry import Geometry, convolve, images_transpose, input_gradient, pad_images, taps

# Channels of the dense blocks that stand for groups: narrower products leave the vector units idle.
BLOCK_CHANNELS = 64


Form = Callable[[jax.Array, jax.Array, Geometry], jax.Array]


def output(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """The convolution itself."""
    result = _output(images, kernel, geometry)
    # XLA 0.12 fuses a reduction with all convolutions before it, and in bfloat16 computes no numbers then.
    return lax.optimization_barrier(result) if result.dtype == jnp.bfloat16 else result


def _output(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    if geometry.depthwise:
        return depthwise.output(images, kernel, geometry)
    if geometry.groups > 1:
        blocks, block = _blocks(geometry)
        kernels = [_dense(part, block) for part in jnp.split(kernel, blocks, 3)]
        return _join(_output, jnp.split(images, blocks, 3), kernels, block)
    if geometry.pointwise:
        (strided,) = taps(images, geometry)
        return lax.dot_general(strided, kernel[0, 0], (((3,), (0,)), ((), ())))
    return _dense_output(images, kernel, geometry)


def images_gradient(cotangent: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient by the images."""
    if geometry.strides != (1, 1) and geometry.dilation != (1, 1):
        return images_transpose(cotangent, kernel, geometry)
    if geometry.depthwise:
        return depthwise.images_gradient(cotangent, kernel, geometry)
    if geometry.groups > 1:
        blocks, block = _blocks(geometry)
        kernels = [_dense(part, block) for part in jnp.split(kernel, blocks, 3)]
        return _join(images_gradient, jnp.split(cotangent, blocks, 3), kernels, block)
    if geometry.pointwise:
        product = lax.dot_general(cotangent, kernel[0, 0], (((3,), (1,)), ((), ())))
        return _spread(product, geometry)
    return input_gradient(cotangent, kernel, geometry, _dense_output)


def _dense_output(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """XLA's own; where a window is larger than the image, which XLA computes naively, one product of patches."""
    if all(size >= window for size, window in zip(geometry.images[1:3], geometry.window, strict=True)):
        return convolve(images, kernel, geometry)
    patches = jnp.concatenate(taps(pad_images(images, geometry.padding), geometry), axis=-1)
    return lax.dot_general(patches, kernel.reshape(-1, kernel.shape[3]), (((3,), (0,)), ((), ())))


def kernel_gradient(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """The gradient by the kernel."""
    if geometry.depthwise:
        return depthwise.kernel_gradient(images, cotangent, geometry)
    if geometry.groups > 1:
        blocks, block = _blocks(geometry)
        dense = _join(kernel_gradient, jnp.split(images, blocks, 3), jnp.split(cotangent, blocks, 3), block)
        return _diagonal(dense, geometry)
    if geometry.pointwise:
        (strided,) = taps(images, geometry)
        return kernel_gradients.outer(strided, cotangent)[None, None]
    return kernel_gradients.dense(images, cotangent, geometry)


def _spread(product: jax.Array, geometry: Geometry) -> jax.Array:
    """Puts rows and columns back to the places that strides took them from."""
    spread = [
        (0, full - (size - 1) * stride - 1, stride - 1)
        for full, size, stride in zip(geometry.images[1:3], product.shape[1:3], geometry.strides, strict=True)
    ]
    return lax.pad(product, jnp.zeros((), product.dtype), [(0, 0, 0), *spread, (0, 0, 0)])


def _blocks(geometry: Geometry) -> tuple[int, Geometry]:
    """Gathers groups into blocks of about `BLOCK_CHANNELS`: how many, and the dense geometry of one."""
    height, width, depth, features = geometry.kernel
    most = max(1, BLOCK_CHANNELS // depth)
    merged = max(size for size in range(1, min(most, geometry.groups) + 1) if geometry.groups % size == 0)
    blocks = geometry.groups // merged
    images = (*geometry.images[:3], depth * merged)
    return blocks, geometry.replace(images=images, kernel=(height, width, depth * merged, features // blocks), groups=1)


def _join(form: Form, firsts: list, seconds: list, block: Geometry) -> jax.Array:
    return jnp.concatenate([form(first, second, block) for first, second in zip(firsts, seconds, strict=True)], -1)


def _dense(kernel: jax.Array, block: Geometry) -> jax.Array:
    """The block-diagonal kernel of merged groups, [height, width, depth, features] -> a dense block's."""
    height, width, depth, features = kernel.shape
    merged = block.kernel[2] // depth
    parts = kernel.reshape(height, width, 1, depth, merged, features // merged)
    mask = jnp.eye(merged, dtype=kernel.dtype)[:, None, :, None]
    return (parts * mask).reshape(block.kernel)


def _diagonal(dense: jax.Array, geometry: Geometry) -> jax.Array:
    """The diagonal blocks of dense blocks' kernels set side by side: what is left of them for groups."""
    height, width, depth, features = geometry.kernel
    merged = dense.shape[2] // depth
    blocks = geometry.groups // merged
    parts = dense.reshape(height, width, merged, depth, blocks, merged, features // geometry.groups)
    return jnp.einsum("hwmdbmf->hwdbmf", parts).reshape(geometry.kernel)
