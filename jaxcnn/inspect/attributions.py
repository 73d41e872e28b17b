"""Which pixels decided? Attributions by name: (score, images, *, options) -> maps [B, H, W, C].

A map has the sign of the evidence: what is above zero speaks for the class. Images are normalized, so that 0 is the
mean of the data. To add a method, write a function and one line of ATTRIBUTIONS.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jaxcnn import specs
from jaxcnn.errors import UserError
from jaxcnn.inspect.network import Score
from jaxcnn.seeds import key_of


def gradient(score: Score, images: Array) -> Array:
    """df/dx. Source: Simonyan et al. 2014, arXiv:1312.6034."""
    return jax.grad(lambda x: score(x).sum())(images)


def input_x_gradient(score: Score, images: Array) -> Array:
    """x df/dx: without biases and norms, its sum is the score exactly (Euler's theorem)."""
    return images * gradient(score, images)


def integrated(score: Score, images: Array, *, points: int = 32, baseline: float = 0.0) -> Array:
    """The gradient's integral on the way from a baseline; its sum is f(x) - f(baseline), up to `completeness_error`.

    Source: Sundararajan et al. 2017, arXiv:1703.01365; at Gauss and Legendre's points.

    Options:
        points: where the gradient is taken.
        baseline: value of every channel of the baseline, normalized; 0 is the mean.
    """
    if points < 1:
        raise UserError(f"integrated:points must be at least 1, not {points}")
    places, weights = np.polynomial.legendre.leggauss(points)
    start = jnp.full_like(images, baseline)

    def add(total: Array, point: tuple[Array, Array]) -> tuple[Array, None]:
        place, weight = point
        return total + weight * gradient(score, start + place * (images - start)), None

    points_on_the_way = jnp.asarray((places + 1) / 2, jnp.float32), jnp.asarray(weights / 2, jnp.float32)
    mean, _ = lax.scan(add, jnp.zeros_like(images), points_on_the_way)
    return (images - start) * mean


def completeness_error(score: Score, images: Array, maps: Array, baseline: float = 0.0) -> Array:
    """[B]: how far the sum of a map is from f(x) - f(baseline)."""
    return maps.sum((1, 2, 3)) - (score(images) - score(jnp.full_like(images, baseline)))


def smooth(score: Score, images: Array, *, samples: int = 16, sigma: float = 0.3, seed: int = 0) -> Array:
    """The mean gradient of noisy copies. Source: SmoothGrad, Smilkov et al. 2017, arXiv:1706.03825.

    Options:
        samples: noisy copies.
        sigma: deviation of the noise, in units of the normalized images; 0 is the gradient itself.
    """

    def add(total: Array, key: Array) -> tuple[Array, None]:
        return total + gradient(score, images + sigma * jax.random.normal(key, images.shape)), None

    keys = jax.random.split(key_of(seed), samples if sigma else 1)
    total, _ = lax.scan(add, jnp.zeros_like(images), keys)
    return total / len(keys)


def occlusion(score: Score, images: Array, *, size: int = 5, stride: int = 2, baseline: float = 0.0) -> Array:
    """How much the score falls when a square is covered, spread evenly over its pixels, the mean over all squares.

    Source: Zeiler and Fergus 2014, arXiv:1311.2901, section 4.2.

    Options:
        size: side of the square.
        stride: pixels from one square to the next.
        baseline: value of every channel under the square, normalized.
    """
    height, width = images.shape[1:3]
    if size < 1 or stride < 1:
        raise UserError(f"occlusion: size and stride must be at least 1, not {size} and {stride}")
    tall, wide = min(size, height), min(size, width)
    tops, lefts = (_starts(side, window, stride) for side, window in ((height, tall), (width, wide)))
    beyond = (height, width)  # covers nothing: the whole image goes through the same program, so that equal is equal
    places = jnp.asarray([(top, left) for top in tops for left in lefts] + [beyond])

    def square(place: Array) -> Array:
        rows, columns = jnp.arange(height) - place[0], jnp.arange(width) - place[1]
        return ((rows >= 0) & (rows < tall))[:, None] & ((columns >= 0) & (columns < wide))

    scores = lax.map(lambda place: score(jnp.where(square(place)[..., None], baseline, images)), places)
    squares = jax.vmap(square)(places[:-1]).astype(jnp.float32)
    falls = jnp.einsum("pb,phw->bhw", scores[-1] - scores[:-1], squares, precision="highest") / (tall * wide)
    maps = falls / jnp.maximum(squares.sum(0), 1)
    return jnp.broadcast_to(maps[..., None] / images.shape[-1], images.shape)


def _starts(side: int, window: int, stride: int) -> list[int]:
    """Where windows start so that they cover the whole side."""
    last = side - window
    return sorted({*range(0, last, stride), last})


ATTRIBUTIONS: dict[str, Callable[..., Array]] = {
    "gradient": gradient,
    "input_x_gradient": input_x_gradient,
    "integrated": integrated,
    "smooth": smooth,
    "occlusion": occlusion,
}


def build(spec: str) -> Callable[[Score, Array], Array]:
    """The method of a spec such as `integrated:points=50`.

    Raises: UserError for an unknown method or option.
    """
    name, options = specs.parse(spec)
    return partial(_checked, name, specs.bind(ATTRIBUTIONS, name, options, "attribution"))


def _checked(name: str, method: Callable[..., Array], score: Score, images: Array) -> Array:
    maps: Any = method(score, images)
    if not isinstance(maps, jax.core.Tracer):
        require_finite(name, maps)
    return maps


def require_finite(name: str, maps: Array) -> None:
    """Raises UserError for a map that is not finite."""
    flat = np.asarray(maps).reshape(len(maps), -1)
    if not np.isfinite(flat).all():
        first = int((~np.isfinite(flat)).any(1).argmax())
        raise UserError(f"{name}: the map of image {first} is not finite; are the network's weights?")
