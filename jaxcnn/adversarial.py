"""Images that a network is made wrong about, to train and to test with. Images are in 0 ... 255."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

Objective = Callable[[Array], Array]
"""Images [B, H, W, C] -> what an attack makes large: a number."""

LONGER = 1.25
"""The step of the single-step attack as a multiple of epsilon (Wong et al. 2020)."""


def fgsm(objective: Objective, images: Array, epsilon: float, keys: Array) -> Array:
    """One step along the sign of the gradient, from a random start: float32, at most `epsilon` from `images`.

    keys: one for each image. A gradient of zero (a padded border) moves nothing.
    Source: Goodfellow et al. 2015, arXiv:1412.6572; the random start as in Wong et al. 2020, arXiv:2001.03994.
    """
    images = images.astype(jnp.float32)
    return _step(objective, images, _random_start(images, epsilon, keys), epsilon, LONGER * epsilon)


def pgd(objective: Objective, images: Array, epsilon: float, keys: Array, steps: int = 10) -> Array:
    """`steps` of projected gradient ascent, each a quarter of `epsilon` long (Madry et al. 2018, arXiv:1706.06083)."""
    images = images.astype(jnp.float32)

    def step(_: int, moved: Array) -> Array:
        return _step(objective, images, moved, epsilon, epsilon / 4)

    return lax.fori_loop(0, steps, step, _random_start(images, epsilon, keys))


def _random_start(images: Array, epsilon: float, keys: Array) -> Array:
    noise = jax.vmap(lambda key: jax.random.uniform(key, images.shape[1:], minval=-epsilon, maxval=epsilon))(keys)
    return jnp.clip(images + noise, 0, 255)


def _step(objective: Objective, images: Array, moved: Array, epsilon: float, length: float) -> Array:
    moved = moved + length * jnp.sign(jax.grad(objective)(moved))
    return jnp.clip(jnp.clip(moved, images - epsilon, images + epsilon), 0, 255)
