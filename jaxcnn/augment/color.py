"""Changes of brightness and contrast."""

import jax.numpy as jnp
from jax import Array

from jaxcnn.augment.draw import Draw


def brightness(draw: Draw, images: Array, *, strength: float = 0.2) -> Array:
    """Adds up to +-strength of the full range to all of an image."""
    return jnp.clip(images + 255 * draw.uniform(-strength, strength), 0, 255)


def contrast(draw: Draw, images: Array, *, strength: float = 0.2) -> Array:
    """Scales an image's distance from its own mean by 1 +- strength."""
    images = images.astype(jnp.float32)
    mean = images.mean((1, 2, 3), keepdims=True)
    return jnp.clip(mean + (images - mean) * draw.uniform(1 - strength, 1 + strength), 0, 255)
