"""Stretch, rotation, shear, elastic deformation, multi-scale crop: bilinear samples between pixels."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from jaxcnn.augment.draw import Draw
from jaxcnn.augment.spatial import reflect
from jaxcnn.errors import lookup


def nearest(places: Array, size: int) -> Array:
    return jnp.clip(places, 0, size - 1)


EDGES: dict[str, Callable[[Array, int], Array]] = {"reflect": reflect, "edge": nearest, "zero": nearest}
"""Which pixel replaces one beyond the edge."""


def sample(images: Array, rows: Array, columns: Array, mode: str) -> Array:
    """The values of image b between its pixels, at (rows[b], columns[b]) [B, H', W'] -> [B, H', W', C] float32.

    Beyond the edge there is a reflection (`reflect`), the edge itself (`edge`) or zero (`zero`).
    Raises: UserError for another mode.
    """
    inside = lookup(EDGES, mode, "mode")
    batch, height, width, channels = images.shape
    pixels = images.astype(jnp.float32).reshape(batch, height * width, channels)
    top, left = jnp.floor(rows), jnp.floor(columns)

    def corner(down: int, right: int) -> Array:
        row, column = (top + down).astype(jnp.int32), (left + right).astype(jnp.int32)
        weight = (1 - jnp.abs(rows - row)) * (1 - jnp.abs(columns - column))
        if mode == "zero":
            weight *= (row >= 0) & (row < height) & (column >= 0) & (column < width)
        place = inside(row, height) * width + inside(column, width)
        values = jnp.take_along_axis(pixels, place.reshape(batch, -1, 1), axis=1)
        return weight[..., None] * values.reshape(*place.shape, channels)

    return corner(0, 0) + corner(0, 1) + corner(1, 0) + corner(1, 1)


def grid(images: Array) -> tuple[Array, Array]:
    """The rows [H, 1] and columns [1, W] of the pixels, counted from the center of the image."""
    height, width = images.shape[1:3]
    return jnp.arange(height)[:, None] - (height - 1) / 2, jnp.arange(width)[None, :] - (width - 1) / 2


def affine(images: Array, matrix: Array, shift: Array, mode: str) -> Array:
    """The pixel at p takes the value at matrix[b] p + shift[b]; p = (row, column) is counted from the center.

    matrix [B, 2, 2], shift [B, 2] in pixels.
    """
    rows, columns = grid(images)
    m = matrix[:, :, :, None, None]
    height, width = images.shape[1:3]
    source_rows = m[:, 0, 0] * rows + m[:, 0, 1] * columns + shift[:, 0, None, None] + (height - 1) / 2
    source_columns = m[:, 1, 0] * rows + m[:, 1, 1] * columns + shift[:, 1, None, None] + (width - 1) / 2
    return sample(images, source_rows, source_columns, mode)


def matrices(a: Array, b: Array, c: Array, d: Array) -> Array:
    """[[a, b], [c, d]] of numbers [B, 1, 1, 1] -> [B, 2, 2]."""
    return jnp.stack([x.reshape(-1) for x in (a, b, c, d)], axis=1).reshape(-1, 2, 2)


def stretch(draw: Draw, images: Array, *, strength: float = 0.2, mode: str = "reflect") -> Array:
    """Scales height and width about the center, each by its own factor in 1 +- strength."""
    tall, wide = (draw.fold_in(place).uniform(1 - strength, 1 + strength) for place in range(2))
    zero = jnp.zeros_like(tall)
    return affine(images, matrices(1 / tall, zero, zero, 1 / wide), jnp.zeros((len(images), 2)), mode)


def rotation(draw: Draw, images: Array, *, degrees: float = 15.0, mode: str = "reflect") -> Array:
    """Rotates an image about its center by up to +-degrees."""
    angle = jnp.deg2rad(draw.uniform(-degrees, degrees))
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    return affine(images, matrices(cosine, -sine, sine, cosine), jnp.zeros((len(images), 2)), mode)


def shear(draw: Draw, images: Array, *, strength: float = 0.2, mode: str = "reflect") -> Array:
    """Slides each row sideways by its distance from the middle, times up to +-strength."""
    slope = draw.uniform(-strength, strength)
    one, zero = jnp.ones_like(slope), jnp.zeros_like(slope)
    return affine(images, matrices(one, zero, slope, one), jnp.zeros((len(images), 2)), mode)


def elastic(draw: Draw, images: Array, *, alpha: float = 34.0, sigma: float = 4.0, mode: str = "reflect") -> Array:
    """Moves every pixel by a random field, uniform in +-alpha pixels and smoothed by a Gaussian of width sigma.

    Source: Simard, Steinkraus and Platt 2003, section 2, with their alpha and sigma; they move a pixel by about 1.4.
    """
    shape = images.shape[1:3]
    smooth_rows, smooth_columns = (gaussian(size, sigma) for size in shape)

    def field(keys: Array) -> Array:
        noise = jax.vmap(lambda key: jax.random.uniform(key, shape, minval=-1, maxval=1))(keys)
        return alpha * jnp.einsum("ij,bjk,lk->bil", smooth_rows, noise, smooth_columns)

    down, right = (field(draw.fold_in(place).keys) for place in range(2))
    return sample(images, jnp.arange(shape[0])[:, None] + down, jnp.arange(shape[1]) + right, mode)


def gaussian(size: int, sigma: float) -> Array:
    """The matrix [size, size] that smooths a vector, padded with zeros."""
    every = jnp.arange(-size, size + 1)
    kernel = jnp.exp(-(every**2) / (2 * sigma**2))
    distance = jnp.arange(size)[:, None] - jnp.arange(size)
    return (kernel / kernel.sum())[distance + size]


def multi_scale_crop(draw: Draw, images: Array, *, largest: float = 1.25) -> Array:
    """Enlarges an image by a factor in 1 ... largest and takes a random window of the original size.

    Source: Simonyan and Zisserman 2014, arXiv:1409.1556, section 3.1 (scale jittering: 256 ... 512 for 224).
    """
    scale = draw.fold_in(0).uniform(1, largest)
    zero = jnp.zeros_like(scale)
    margin = (1 - 1 / scale).reshape(-1, 1) * jnp.array(images.shape[1:3]) / 2
    place = jnp.concatenate([draw.fold_in(i).uniform(-1, 1).reshape(-1, 1) for i in (1, 2)], axis=1)
    return affine(images, matrices(1 / scale, zero, zero, 1 / scale), margin * place, "edge")
