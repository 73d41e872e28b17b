"""RandAugment (Cubuk et al. 2019, arXiv:1909.13719): operations drawn at random, all of one strength.

The operations are Pillow's. Each image has one at a time, and most are special cases of two: a warp, and a blend with a
degenerate image. So a batch costs one warp and one blend per round, not fourteen operations. Shears are about the
center of the image, where Pillow's and torchvision's are about its corner.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from jaxcnn.augment.draw import Draw
from jaxcnn.augment.warp import affine, matrices
from jaxcnn.errors import UserError

STRONGEST = 30.0
OPERATIONS = (
    *("shear_x", "shear_y", "translate_x", "translate_y", "rotate"),
    *("brightness", "color", "contrast", "sharpness"),
    *("posterize", "solarize", "autocontrast", "equalize", "identity"),
)


def randaugment(draw: Draw, images: Array, *, operations: int = 2, magnitude: float = 9.0) -> Array:
    """`operations` of OPERATIONS in a row, with magnitude / 30 of their maximum strength (torchvision's)."""
    if not 0 <= magnitude <= STRONGEST:
        raise UserError(f"randaugment: magnitude is in 0 ... {STRONGEST:g}, not {magnitude}")
    for place in range(operations):
        choice, direction = draw.fold_in(place).integers(len(OPERATIONS), 2).T.reshape(2, -1, 1, 1, 1)
        sign = 2.0 * direction - 1
        images = operate(images, choice, sign, magnitude / STRONGEST)
    return images


def operate(images: Array, choice: Array, sign: Array, fraction: float) -> Array:
    """Image b after operation choice[b] with `fraction` of its strength, in direction sign[b]; both [B, 1, 1, 1]."""

    def chosen(name: str) -> Array:
        return choice == OPERATIONS.index(name)

    images = _warp(images, chosen, sign * fraction)
    images = _blend(images, chosen, sign * fraction)
    # Pillow's per-pixel operations work on integers.
    whole = jnp.clip(jnp.round(images), 0, 255).astype(jnp.int32)
    step = 2 ** round(4 * fraction)
    threshold = 255 * (1 - fraction)
    images = jnp.where(chosen("posterize"), whole // step * step, images)
    images = jnp.where(chosen("solarize") & (whole >= threshold), 255 - whole, images)
    images = jnp.where(chosen("autocontrast"), autocontrast(whole), images)
    return jnp.where(chosen("equalize"), equalize(whole), images)


def _warp(images: Array, chosen: Callable[[str], Array], strength: Array) -> Array:
    def amount(name: str, greatest: float) -> Array:
        return jnp.where(chosen(name), greatest * strength, 0)

    height, width = images.shape[1:3]
    angle = jnp.deg2rad(amount("rotate", 30))
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    matrix = matrices(cosine, amount("shear_y", 0.3) - sine, amount("shear_x", 0.3) + sine, cosine)
    shift = [amount("translate_y", 150 / 331 * height), amount("translate_x", 150 / 331 * width)]
    return affine(images, matrix, jnp.concatenate([x.reshape(-1, 1) for x in shift], axis=1), "zero")


def _blend(images: Array, chosen: Callable[[str], Array], strength: Array) -> Array:
    degenerate = images
    for name, make in {
        "brightness": jnp.zeros_like,
        "color": gray,
        "contrast": flat_gray,
        "sharpness": smooth,
    }.items():
        degenerate = jnp.where(chosen(name), make(images), degenerate)
    return jnp.clip(degenerate + (1 + 0.9 * strength) * (images - degenerate), 0, 255)


def gray(images: Array) -> Array:
    """The luminance of ITU-R 601 in every channel; images of other than three channels stay as they are."""
    if images.shape[-1] != 3:
        return images
    return jnp.broadcast_to((images * jnp.array([0.299, 0.587, 0.114])).sum(-1, keepdims=True), images.shape)


def flat_gray(images: Array) -> Array:
    return jnp.broadcast_to(gray(images).mean((1, 2, 3), keepdims=True), images.shape)


def smooth(images: Array) -> Array:
    """The mean of 3x3 pixels, the middle one five times; the outermost stay as they are."""
    inner = images[:, 1:-1, 1:-1]
    total = lax.reduce_window(images, 0.0, lax.add, (1, 3, 3, 1), (1, 1, 1, 1), "VALID")
    return images.at[:, 1:-1, 1:-1].set((total + 4 * inner) / 13)


def autocontrast(images: Array) -> Array:
    """Stretches each channel over the whole range."""
    low, high = images.min((1, 2), keepdims=True), images.max((1, 2), keepdims=True)
    stretched = (images - low) * (255 / jnp.maximum(high - low, 1))
    return jnp.where(high > low, jnp.floor(stretched), images)


def equalize(images: Array) -> Array:
    """Makes the values of each channel about equally frequent; integers in 0 ... 255."""

    def channel(values: Array) -> Array:
        histogram = jnp.zeros(256, jnp.int32).at[values.reshape(-1)].add(1)
        step = (values.size - histogram[values.max()]) // 255
        table = jnp.minimum((step // 2 + jnp.cumsum(histogram) - histogram) // jnp.maximum(step, 1), 255)
        return jnp.where(step > 0, table[values], values)

    return jax.vmap(jax.vmap(channel, in_axes=-1, out_axes=-1))(images)
