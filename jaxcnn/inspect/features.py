"""What layers respond to: kernels as pictures, maps, the images that excite a channel most, likeness of layers."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.inspect.network import Network
from jaxcnn.models.trace import outputs_of

BATCH, SMALL = 200, 64 * 64
"""Images looked at together, and the pixels up to which there are so many."""


def _batch_of(images: Any) -> int:
    """How many images of this size are looked at together: fewer of large ones, for their memory."""
    height, width = images.shape[1:3]
    return max(BATCH * SMALL // max(height * width, SMALL), 1)


def maps(network: Network, images: Array, layer: str) -> np.ndarray:
    """The output of a layer for normalized images: [N, h, w, C] float32."""

    @jax.jit
    def look(batch: Array) -> Array:
        return outputs_of(network.model, network.variables, batch, layer).astype(jnp.float32)

    size = _batch_of(images)
    return np.concatenate([np.asarray(look(images[i : i + size])) for i in range(0, len(images), size)])


class Exciting(NamedTuple):
    """The images that excite a channel most, best first, with the greatest value and its place in each."""

    images: np.ndarray
    """[k] indices."""
    values: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


def most_exciting(
    network: Network, images: Any, layer: str, count: int = 8, prepare: Callable[[Any], Array] = jnp.asarray
) -> list[Exciting]:
    """For every channel of `layer`, the `count` images with the greatest value anywhere in their map.

    `prepare` normalizes a batch of `images`, if they are not. Of each map only the greatest value is kept, and a few
    images are looked at together, so that many large ones need no more memory.
    """

    @jax.jit
    def look(batch: Array) -> tuple[Array, Array, int]:
        found = outputs_of(network.model, network.variables, batch, layer).astype(jnp.float32)
        flat = found.reshape(len(found), -1, found.shape[-1])
        return flat.max(1), flat.argmax(1), found.shape[2]

    size = _batch_of(images)
    parts = [look(prepare(images[begin : begin + size])) for begin in range(0, len(images), size)]
    highest, place = (np.concatenate([np.asarray(part[each]) for part in parts]) for each in range(2))
    rows, columns = np.divmod(place, int(parts[0][2]))
    best = np.argsort(-highest, axis=0, kind="stable")[:count]
    return [
        Exciting(best[:, c], highest[best[:, c], c], rows[best[:, c], c], columns[best[:, c], c])
        for c in range(highest.shape[1])
    ]


def cka(a: np.ndarray, b: np.ndarray) -> float:
    """Linear centered kernel alignment of features [N, ...] of the same images: 1 up to rotation and scale.

    Source: Kornblith et al. 2019, arXiv:1905.00414.
    """
    x, y = (each.reshape(len(each), -1).astype(np.float64) for each in (a, b))
    x, y = x - x.mean(0), y - y.mean(0)
    if x.shape[1] > len(x) or y.shape[1] > len(y):  # the Gram matrices are smaller
        one, other = x @ x.T, y @ y.T
        return float((one * other).sum() / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-300))
    cross = np.linalg.norm(x.T @ y) ** 2
    return float(cross / max(np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y), 1e-300))


def principal_components(features: np.ndarray, count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Features [N, D] -> coordinates [N, count], and the fraction of the variance that each explains."""
    centered = features.reshape(len(features), -1).astype(np.float64)
    centered = centered - centered.mean(0)
    left, values, _ = np.linalg.svd(centered, full_matrices=False)
    explained = values**2 / max((values**2).sum(), 1e-300)
    return left[:, :count] * values[:count], explained[:count]


def class_images(
    network: Network, classes: Array, start: Array, steps: int = 60, length: float = 2.0, radius: float = 40.0
) -> Array:
    """Normalized images that raise the logits of `classes` [B], from `start` [B, H, W, C] on.

    Each step goes `length` along the gradient (Euclidean, over the whole image) and stays within `radius` of the start.
    Those of ordinary networks look like noise; those of adversarially trained ones look like the class.
    Source: Santurkar et al. 2019, arXiv:1906.09453.
    """
    score = network.score(classes)

    def norm(x: Array) -> Array:
        return jnp.sqrt((x**2).sum(axis=(1, 2, 3), keepdims=True))

    def step(_: int, moved: Array) -> Array:
        gradient = jax.grad(lambda images: score(images).sum())(moved)
        away = moved + length * gradient / jnp.maximum(norm(gradient), 1e-12) - start
        return start + away * jnp.minimum(1, radius / jnp.maximum(norm(away), 1e-12))

    return jax.lax.fori_loop(0, steps, step, start)
