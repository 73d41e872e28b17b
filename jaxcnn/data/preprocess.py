"""From uint8 images to what a model sees."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxcnn.config import Config
from jaxcnn.data.info import DataInfo
from jaxcnn.data.pixels import denormalize, normalize


def normalizer(config: Config, info: DataInfo) -> Callable[[jax.Array], jax.Array]:
    """uint8 images [B, H, W, C] -> normalized images in the config's dtype, and in the size that the model sees."""

    def normalized(images: jax.Array) -> jax.Array:
        numbers = normalize(images, config.data.normalization, info.mean, info.std, jnp.dtype(config.dtype))
        _, *shape = images.shape
        larger = scaled(tuple(shape), config.data.upscale)
        return numbers if larger == tuple(shape) else jax.image.resize(numbers, (images.shape[0], *larger), "bilinear")

    return normalized


def denormalizer(config: Config, info: DataInfo) -> Callable[[jax.Array], jax.Array]:
    """The inverse of `normalizer` but for its resizing: float32 in 0 ... 255."""

    def pixels(numbers: jax.Array) -> jax.Array:
        return denormalize(numbers, config.data.normalization, info.mean, info.std)

    return pixels


def scaled(shape: tuple[int, ...], side: int) -> tuple[int, ...]:
    """Height, width and channels of images of `shape` with `side` pixels on their shorter side; 0: as they are."""
    height, width, channels = shape
    if not side:
        return shape
    shorter = min(height, width)
    return (round(height * side / shorter), round(width * side / shorter), channels)
