"""Shifts, flips and cutout: every pixel of the result is a pixel of the image or a constant."""

import jax
import jax.numpy as jnp
from jax import Array, lax

from jaxcnn.augment.draw import Draw, coin
from jaxcnn.errors import UserError


def reflect(places: Array, size: int) -> Array:
    """Integers -> 0 ... size - 1, reflected at both ends as often as necessary."""
    period = max(2 * (size - 1), 1)
    return jnp.minimum(places % period, -places % period)


PADDING = {"zero": "constant", "reflect": "reflect"}


def translate(images: Array, offsets: Array, most: int, mode: str) -> Array:
    """Shifts image b by offsets[b] = (down, right), at most `most` pixels; the mode `zero` or `reflect` fills in."""
    padded = jnp.pad(images, ((0, 0), (most, most), (most, most), (0, 0)), PADDING[mode])

    def window(image: Array, corner: Array) -> Array:
        return lax.dynamic_slice(image, (*corner, jnp.zeros_like(corner[0])), images.shape[1:])

    return jax.vmap(window)(padded, most - offsets)


def crop(draw: Draw, images: Array, *, padding: int = 4, mode: str = "zero") -> Array:
    """A random crop of the padded image: all (2 padding + 1)^2 offsets, equally likely."""
    if mode not in PADDING:
        raise UserError(f"crop: mode is zero or reflect, not {mode!r}")
    if not 0 <= padding < min(images.shape[1:3]):
        raise UserError(f"crop: padding must be at least 0 and smaller than the image, not {padding}")
    return translate(images, draw.integers(2 * padding + 1, 2 * padding + 1) - padding, padding, mode)


def flip(draw: Draw, images: Array) -> Array:
    """Flips horizontally with probability 1/2."""
    return jnp.where(coin(draw.keys), images[:, :, ::-1], images)


def alternating_flip(draw: Draw, images: Array) -> Array:
    """Flips each image in every other epoch, half of them in the even epochs (Jordan 2024, airbench)."""
    odd = (draw.epoch % 2).astype(bool)
    return jnp.where(coin(draw.image_keys) ^ odd, images[:, :, ::-1], images)


def cutout(draw: Draw, images: Array, *, size: int = 8, fill: float = 0.5) -> Array:
    """Fills a square whose center is anywhere in the image (DeVries & Taylor 2017); fill in 0 ... 1."""
    height, width = images.shape[1:3]
    center = draw.integers(height, width)
    corner = center - size // 2
    rows, columns = jnp.arange(height), jnp.arange(width)
    row_inside = (rows >= corner[:, :1]) & (rows < corner[:, :1] + size)
    column_inside = (columns >= corner[:, 1:]) & (columns < corner[:, 1:] + size)
    hole = row_inside[:, :, None] & column_inside[:, None, :]
    return jnp.where(hole[..., None], jnp.asarray(255 * fill).astype(images.dtype), images)
