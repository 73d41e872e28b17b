"""Take the noise out of a picture."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from jaxcnn.augment import Draw
from jaxcnn.augment.warp import gaussian
from jaxcnn.errors import UserError
from jaxcnn.tasks.pictures import Restoration, restoration
from jaxcnn.tasks.task import Setting, Task

WIDTHS = (0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.5)
"""Of the blurs that are tried, in pixels."""


def denoise(setting: Setting, *, sigma: float = 25.0, blind: bool = False) -> Task:
    """Gaussian noise of deviation `sigma` on every byte, neither rounded nor clipped, is to be removed.

    The baselines are the noisy picture itself (20 log10(255 / sigma) dB, 20.17 at 25, before it is clipped) and the
    Gaussian blur whose width is best on the same pictures.

    Options:
        sigma: standard deviation, in 0 ... 255.
        blind: each picture has a deviation of its own, uniform in 0 ... sigma, which the network is not told.
    """
    if sigma <= 0:
        raise UserError(f"denoise:sigma is the deviation of the noise in 0 ... 255, above 0, not {sigma}")

    def spoil(draw: Draw, pictures: Array) -> Array:
        noise = jax.vmap(lambda key: jax.random.normal(key, pictures.shape[1:]))(draw.fold_in(0).keys)
        return pictures + noise * (draw.fold_in(1).uniform(0, sigma) if blind else sigma)

    blurs = [partial(blur, width=width) for width in WIDTHS]
    baselines = {"input": [lambda given: given], "blur": blurs}
    return restoration(setting, "denoise", Restoration(spoil, baselines, shown=blurs[2]))


def blur(pictures: Array, width: float) -> Array:
    """The pictures [B, H, W, C] under a Gaussian of `width` pixels, which beyond an edge sees only what is inside."""
    rows, columns = (gaussian(side, width) for side in pictures.shape[1:3])
    rows, columns = (matrix / matrix.sum(1, keepdims=True) for matrix in (rows, columns))
    return jnp.einsum("ih,bhwc,jw->bijc", rows, pictures, columns, precision="highest")
