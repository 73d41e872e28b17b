"""Augmentations: pure functions (draw, images) -> images, composed by name, run inside the compiled step.

images are [B, H, W, C] in 0 ... 255, uint8 until a function needs fractions. To add one, write a function whose
keyword arguments are its options and name it in AUGMENTATIONS.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from jaxcnn import specs
from jaxcnn.errors import UserError


class Draw(NamedTuple):
    """What an augmentation may depend on; keyed by the example's place in the global batch, never by its device."""

    keys: Array
    """[B] PRNG keys, new at every step."""
    homes: Array
    """[B] PRNG keys that stay with an image through the whole training."""
    epoch: Array
    """Scalar integer."""

    def uniform(self, low: float, high: float) -> Array:
        """[B, 1, 1, 1] numbers, one for each image."""
        return jax.vmap(lambda key: jax.random.uniform(key, (1, 1, 1), minval=low, maxval=high))(self.keys)

    def integers(self, count: int, stop: int) -> Array:
        """[B, count] whole numbers from 0 to stop - 1."""
        return jax.vmap(lambda key: jax.random.randint(key, (count,), 0, stop))(self.keys)

    def step(self, place: int) -> "Draw":
        """The draw for the augmentation at this place of a chain, independent of the others."""
        return self._replace(keys=jax.vmap(partial(jax.random.fold_in, data=place))(self.keys))


Augmentation = Callable[[Draw, Array], Array]


def coin(keys: Array) -> Array:
    """[B, 1, 1, 1] booleans, one for each image."""
    return jax.vmap(jax.random.bernoulli)(keys)[:, None, None, None]


def translate(images: Array, offsets: Array, mode: str) -> Array:
    """Shifts image b by offsets[b] = (down, right) pixels; what enters is `zero` or a `reflect`ion at the edge."""
    for axis in (1, 2):
        size = images.shape[axis]
        source = jnp.arange(size) - offsets[:, axis - 1, None]
        inside = (source >= 0) & (source < size)
        mirrored = size - 1 - jnp.abs(size - 1 - jnp.abs(source))
        shape = (-1, *(size if a == axis else 1 for a in (1, 2, 3)))
        images = jnp.take_along_axis(images, mirrored.reshape(shape), axis=axis)
        if mode == "zero":
            images = jnp.where(inside.reshape(shape), images, 0)
    return images


def crop(draw: Draw, images: Array, *, padding: int = 4, mode: str = "zero") -> Array:
    """A random crop of the padded image: all (2 padding + 1)^2 offsets, equally likely."""
    if mode not in ("zero", "reflect"):
        raise UserError(f"crop: mode is zero or reflect, not {mode!r}")
    if not 0 <= padding < min(images.shape[1:3]):
        raise UserError(f"crop: padding must be at least 0 and smaller than the image, not {padding}")
    return translate(images, draw.integers(2, 2 * padding + 1) - padding, mode)


def flip(draw: Draw, images: Array) -> Array:
    """Mirrors left and right with probability 1/2."""
    return jnp.where(coin(draw.keys), images[:, :, ::-1], images)


def alternating_flip(draw: Draw, images: Array) -> Array:
    """Mirrors an image in every other epoch, half of the images beginning mirrored (Jordan 2024, airbench)."""
    odd = (draw.epoch % 2).astype(bool)
    return jnp.where(coin(draw.homes) ^ odd, images[:, :, ::-1], images)


def cutout(draw: Draw, images: Array, *, size: int = 8, fill: float = 0.5) -> Array:
    """Paints over a square whose centre is anywhere in the image (DeVries & Taylor 2017); fill in 0 ... 1."""
    height, width = images.shape[1:3]
    centre = draw.integers(2, height * width) % jnp.array([height, width])
    corner = centre - size // 2
    rows, columns = jnp.arange(height), jnp.arange(width)
    row_inside = (rows >= corner[:, :1]) & (rows < corner[:, :1] + size)
    column_inside = (columns >= corner[:, 1:]) & (columns < corner[:, 1:] + size)
    hole = row_inside[:, :, None] & column_inside[:, None, :]
    return jnp.where(hole[..., None], jnp.asarray(255 * fill).astype(images.dtype), images)


def brightness(draw: Draw, images: Array, *, strength: float = 0.2) -> Array:
    """Adds up to +-strength of the full range to all of an image."""
    return jnp.clip(images + 255 * draw.uniform(-strength, strength), 0, 255)


def contrast(draw: Draw, images: Array, *, strength: float = 0.2) -> Array:
    """Scales an image's distance from its own mean by 1 +- strength."""
    images = images.astype(jnp.float32)
    mean = images.mean((1, 2, 3), keepdims=True)
    return jnp.clip(mean + (images - mean) * draw.uniform(1 - strength, 1 + strength), 0, 255)


AUGMENTATIONS: dict[str, Callable[..., Array]] = {
    "crop": crop,
    "flip": flip,
    "alternating_flip": alternating_flip,
    "cutout": cutout,
    "brightness": brightness,
    "contrast": contrast,
}


def build(chain: Sequence[str]) -> Augmentation:
    """The augmentations of `chain`, such as ("crop:padding=4", "flip"), one after the other.

    Raises: UserError for an unknown name or option.
    """
    parts = [specs.bind(AUGMENTATIONS, *specs.parse(spec), "augmentation") for spec in chain]

    def augment(draw: Draw, images: Array) -> Array:
        for place, part in enumerate(parts):
            images = part(draw.step(place), images)
        return images

    return augment


def check(augmentation: Augmentation, image_shape: tuple[int, ...]) -> None:
    """Traces the chain for images of this shape, so that an option that does not fit them is named at once.

    Raises: UserError
    """

    def one_image() -> Array:
        keys = jax.random.split(jax.random.key(0), 1)
        return augmentation(Draw(keys, keys, jnp.int32(0)), jnp.zeros((1, *image_shape), jnp.uint8))

    jax.eval_shape(one_image)
