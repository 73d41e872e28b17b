"""Mixtures of two examples: (draw, images) -> (images, share of the label that is the image's own [B])."""

import jax.numpy as jnp
from jax import Array

from jaxcnn.augment.draw import Draw
from jaxcnn.errors import UserError

Mixed = tuple[Array, Array]


def mixup(draw: Draw, images: Array, *, alpha: float = 1.0) -> Mixed:
    """A weighted mean of two images, the weight from Beta(alpha, alpha) (Zhang et al. 2018, arXiv:1710.09412)."""
    share = _shares(draw, alpha)
    return share * images + (1 - share) * draw.partner(images), share.reshape(-1)


def cutmix(draw: Draw, images: Array, *, alpha: float = 1.0) -> Mixed:
    """A box of another image, its center anywhere; the label is shared by area (Yun et al. 2019, arXiv:1905.04899).

    The area wanted for the image itself is from Beta(alpha, alpha); what of the box lies outside does not count.
    """
    height, width = images.shape[1:3]
    side = jnp.sqrt(1 - _shares(draw.fold_in(0), alpha))

    def span(place: int, size: int) -> Array:
        """[B, size, 1, 1]: what the box covers of one side."""
        center = jnp.floor(draw.fold_in(place).uniform(0, size))
        low, high = jnp.floor(center - side * size / 2), jnp.floor(center + side * size / 2)
        pixel = jnp.arange(size)[None, :, None, None]
        return (pixel >= low) & (pixel < high)

    box = span(1, height) & jnp.swapaxes(span(2, width), 1, 2)
    return jnp.where(box, draw.partner(images), images), 1 - box.mean((1, 2, 3))


def _shares(draw: Draw, alpha: float) -> Array:
    if alpha <= 0:
        raise UserError(f"alpha of mixup and cutmix must be greater than 0, not {alpha}; 1 draws all shares alike")
    return draw.beta(alpha)
