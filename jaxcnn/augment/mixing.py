"""Mixtures of two examples: (draw, images) -> (images, weight [B] of the image's own label)."""

import jax.numpy as jnp
from jax import Array

from jaxcnn.augment.draw import Draw
from jaxcnn.errors import UserError

Mixed = tuple[Array, Array]


def mixup(draw: Draw, images: Array, *, alpha: float = 1.0) -> Mixed:
    """A weighted mean of two images, the weight from Beta(alpha, alpha) (Zhang et al. 2018, arXiv:1710.09412)."""
    weight = _weights(draw, alpha)
    return weight * images + (1 - weight) * draw.partner(images), weight.reshape(-1)


def cutmix(draw: Draw, images: Array, *, alpha: float = 1.0) -> Mixed:
    """A box of another image, its center anywhere; labels are weighted by area (Yun et al. 2019, arXiv:1905.04899).

    The intended area of the image itself is from Beta(alpha, alpha); the box is clipped at the edges.
    """
    height, width = images.shape[1:3]
    side = jnp.sqrt(1 - _weights(draw.fold_in(0), alpha))

    def span(index: int, size: int) -> Array:
        """[B, size, 1, 1]: the part of one side that the box covers."""
        center = jnp.floor(draw.fold_in(index).uniform(0, size))
        low, high = jnp.floor(center - side * size / 2), jnp.floor(center + side * size / 2)
        pixel = jnp.arange(size)[None, :, None, None]
        return (pixel >= low) & (pixel < high)

    box = span(1, height) & jnp.swapaxes(span(2, width), 1, 2)
    return jnp.where(box, draw.partner(images), images), 1 - box.mean((1, 2, 3))


def _weights(draw: Draw, alpha: float) -> Array:
    if alpha <= 0:
        raise UserError(
            f"alpha of mixup and cutmix must be positive, not {alpha}; with 1 all weights are equally likely"
        )
    return draw.beta(alpha)
