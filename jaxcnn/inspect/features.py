"""What layers respond to: kernels as pictures, maps, the images that excite a channel most, likeness of layers."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.inspect.network import Network
from jaxcnn.models.trace import outputs_of

BATCH = 200


def maps(network: Network, images: Array, layer: str) -> np.ndarray:
    """The output of a layer for normalized images: [N, h, w, C] float32."""

    @jax.jit
    def look(batch: Array) -> Array:
        return outputs_of(network.model, network.variables, batch, layer).astype(jnp.float32)

    return np.concatenate([np.asarray(look(images[i : i + BATCH])) for i in range(0, len(images), BATCH)])


class Exciting(NamedTuple):
    """The images that excite a channel most, best first, with the greatest value and its place in each."""

    images: np.ndarray
    """[k] indices."""
    values: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


def most_exciting(network: Network, images: Array, layer: str, count: int = 8) -> list[Exciting]:
    """For every channel of `layer`, the `count` images with the greatest value anywhere in their map."""
    found = maps(network, images, layer)
    flat = found.reshape(len(found), -1, found.shape[-1])
    highest, place = flat.max(1), flat.argmax(1)
    rows, columns = np.divmod(place, found.shape[2])
    best = np.argsort(-highest, axis=0, kind="stable")[:count]
    return [
        Exciting(best[:, c], highest[best[:, c], c], rows[best[:, c], c], columns[best[:, c], c])
        for c in range(found.shape[-1])
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
