"""Changes of brightness, contrast and the color of the light."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.augment.draw import Draw

# Of the colors of ImageNet's pixels in 0 ... 1, red, green, blue, as Facebook's fb.resnet.torch gives them.
EIGENVALUES = np.array([0.2175, 0.0188, 0.0045], np.float32)
EIGENVECTORS = np.array(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]], np.float32
)


def brightness(draw: Draw, images: Array, *, strength: float = 0.2) -> Array:
    """Adds up to +-strength of the full range to all of an image."""
    return jnp.clip(images + 255 * draw.uniform(-strength, strength), 0, 255)


def contrast(draw: Draw, images: Array, *, strength: float = 0.2) -> Array:
    """Scales an image's distance from its own mean by 1 +- strength."""
    images = images.astype(jnp.float32)
    mean = images.mean((1, 2, 3), keepdims=True)
    return jnp.clip(mean + (images - mean) * draw.uniform(1 - strength, 1 + strength), 0, 255)


def lighting(draw: Draw, images: Array, *, strength: float = 0.1) -> Array:
    """Adds a random color to all of an image, along the principal components of ImageNet's colors; of gray, the mean.

    `strength` is the deviation of what each component is multiplied by.
    Source: Krizhevsky, Sutskever and Hinton 2012, section 4.1.
    """
    amounts = strength * draw.normal(len(EIGENVALUES)) * EIGENVALUES
    colors = 255 * jnp.einsum("bk,ck->bc", amounts, EIGENVECTORS)
    if images.shape[-1] == 1:
        colors = colors.mean(1, keepdims=True)
    return jnp.clip(images + colors[:, None, None, :], 0, 255)
