"""The static description of a two-dimensional convolution, shared by its three bilinear forms."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

NHWC = ("NHWC", "HWIO", "NHWC")
Shape = tuple[int, ...]
Padding = tuple[tuple[int, int], ...]


@dataclasses.dataclass(frozen=True)
class Geometry:
    """Shapes and strides of one convolution of NHWC `images` with an HWIO `kernel`; padding is explicit."""

    images: Shape
    kernel: Shape
    strides: Shape = (1, 1)
    padding: Padding = ((0, 0), (0, 0))
    dilation: Shape = (1, 1)
    groups: int = 1

    @property
    def window(self) -> Shape:
        """Height and width that a dilated kernel covers."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel[:2], self.dilation, strict=True))

    @property
    def output(self) -> Shape:
        """Shape of the result."""
        padded = [size + sum(pad) for size, pad in zip(self.images[1:3], self.padding, strict=True)]
        high, wide = (
            (size - window) // stride + 1
            for size, window, stride in zip(padded, self.window, self.strides, strict=True)
        )
        return (self.images[0], high, wide, self.kernel[3])

    @property
    def depthwise(self) -> bool:
        """Whether every channel is convolved separately."""
        return self.groups == self.images[3] and self.groups > 1

    @property
    def pointwise(self) -> bool:
        """Whether this is a matrix product over the channels, up to strides."""
        return self.kernel[:2] == (1, 1) and self.groups == 1 and self.padding == ((0, 0), (0, 0))

    def replace(self, **changes) -> Geometry:
        return dataclasses.replace(self, **changes)


def convolve(images: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """XLA's own convolution."""
    return lax.conv_general_dilated(
        images,
        kernel,
        geometry.strides,
        geometry.padding,
        rhs_dilation=geometry.dilation,
        dimension_numbers=NHWC,
        feature_group_count=geometry.groups,
    )


def images_transpose(cotangent: jax.Array, kernel: jax.Array, geometry: Geometry) -> jax.Array:
    """XLA's own gradient of a convolution by its images."""
    images = jax.ShapeDtypeStruct(geometry.images, cotangent.dtype)
    return jax.linear_transpose(lambda images: convolve(images, kernel, geometry), images)(cotangent)[0]


def kernel_transpose(images: jax.Array, cotangent: jax.Array, geometry: Geometry) -> jax.Array:
    """XLA's own gradient of a convolution by its kernel."""
    kernel = jax.ShapeDtypeStruct(geometry.kernel, cotangent.dtype)
    return jax.linear_transpose(lambda kernel: convolve(images, kernel, geometry), kernel)(cotangent)[0]


def pad_images(images: jax.typing.ArrayLike, padding: Padding, value: float = 0.0) -> jax.Array:
    """Pads height and width with a value; a negative width crops."""
    images = jnp.asarray(images)
    if padding == ((0, 0), (0, 0)):
        return images
    filler = jnp.asarray(value, images.dtype)
    return lax.pad(images, filler, [(0, 0, 0), *((low, high, 0) for low, high in padding), (0, 0, 0)])


def taps(padded: jax.Array, geometry: Geometry) -> list[jax.Array]:
    """For each element of the kernel, row by row, the strided slice of the padded images that it multiplies."""
    batch, high, wide, _ = geometry.output
    (down, right), channels = geometry.strides, padded.shape[-1]

    def tap(top: int, left: int) -> jax.Array:
        limit = (batch, top + (high - 1) * down + 1, left + (wide - 1) * right + 1, channels)
        return lax.slice(padded, (0, top, left, 0), limit, (1, down, right, 1))

    rows, columns = (range(0, window, d) for window, d in zip(geometry.window, geometry.dilation, strict=True))
    return [tap(top, left) for top in rows for left in columns]


Convolve = Callable[[jax.Array, jax.Array, Geometry], jax.Array]


def input_gradient(cotangent: jax.Array, kernel: jax.Array, geometry: Geometry, forward: Convolve) -> jax.Array:
    """The gradient by the images as *forward* convolutions, one for each phase of the strides.

    With strides (s, t) the rows and columns of the padded images fall into s * t classes, and each class sees only
    every s-th row and t-th column of the kernel: nothing is ever multiplied by an inserted zero.
    `forward` gets its kernels with the channels swapped, where there is one group. Strides exclude dilation.
    """
    depth = kernel.shape[2] if geometry.groups == 1 else kernel.shape[3]
    strides, sizes = geometry.strides, geometry.images[1:3]
    starts = tuple(low // s for (low, _), s in zip(geometry.padding, strides, strict=True))
    counts = tuple(
        -(-(size + low) // s) - start
        for size, (low, _), s, start in zip(sizes, geometry.padding, strides, starts, strict=True)
    )

    def phase(row: int, column: int) -> jax.Array:
        part = lax.optimization_barrier(kernel[row :: strides[0], column :: strides[1]][::-1, ::-1])
        if geometry.groups == 1:
            part = part.swapaxes(2, 3)  # after the barrier: oneDNN is told so, and nothing is copied
        if 0 in part.shape:
            return jnp.zeros((cotangent.shape[0], *counts, depth), cotangent.dtype)
        plain = Geometry(cotangent.shape, part.shape, dilation=geometry.dilation, groups=geometry.groups)
        lows = [window - 1 - start for window, start in zip(plain.window, starts, strict=True)]
        highs = [
            count - size - low + window - 1
            for count, size, low, window in zip(counts, cotangent.shape[1:3], lows, plain.window, strict=True)
        ]
        return forward(cotangent, part, plain.replace(padding=tuple(zip(lows, highs, strict=True))))

    if strides == (1, 1):
        return phase(0, 0)
    rows = [jnp.stack([phase(row, column) for column in range(strides[1])], axis=3) for row in range(strides[0])]
    woven = jnp.stack(rows, axis=2)
    full = woven.reshape(woven.shape[0], counts[0] * strides[0], counts[1] * strides[1], woven.shape[-1])
    top, left = (low - s * start for (low, _), s, start in zip(geometry.padding, strides, starts, strict=True))
    return full[:, top : top + sizes[0], left : left + sizes[1]]
