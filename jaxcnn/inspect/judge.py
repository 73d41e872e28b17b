"""How good is a map? Judged without anybody's opinion of where it should point."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.inspect.network import Network
from jaxcnn.seeds import key_of
from jaxcnn.types import Tree

Explain = Callable[[Network, Array, Array], Array]
"""(network, images, classes) -> maps [B, H, W]."""


def mosaics(images: Array, cells: int = 2) -> Array:
    """Images [N, H, W, C] -> [N / cells^2, cells H, cells W, C], in rows."""
    count, height, width, channels = images.shape
    grid = images[: count // cells**2 * cells**2].reshape(-1, cells, cells, height, width, channels)
    return grid.transpose(0, 1, 3, 2, 4, 5).reshape(-1, cells * height, cells * width, channels)


def pointing_game(maps: Array, cell: Array, cells: int = 2) -> Array:
    """[B]: the fraction of the positive evidence of mosaics that is in the right cell; chance is 1 / cells^2.

    maps [B, cells H, cells W]; cell [B]: number of the right one, in rows. Source: Böhle et al. 2021, arXiv:2104.00032.
    """
    positive = jnp.maximum(maps, 0)
    batch, height, width = positive.shape
    parts = positive.reshape(batch, cells, height // cells, cells, width // cells).sum((2, 4)).reshape(batch, -1)
    return jnp.take_along_axis(parts, cell[:, None], 1)[:, 0] / jnp.maximum(parts.sum(1), 1e-12)


def removal_curve(
    network: Network, images: Array, classes: Array, maps: Array, steps: int = 16, insert: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Fraction of pixels [steps + 1], and the class's mean probability when they are removed in the map's order.

    With `insert`, they are put into an image of the mean instead. Both ends are included; the baseline is 0, the mean
    of the data. Source: RISE, Petsiuk et al. 2018, arXiv:1806.07421.
    """
    height, width = images.shape[1:3]
    order = jnp.argsort(jnp.argsort(-maps.reshape(len(maps), -1))).reshape(len(maps), height, width)
    fractions = np.linspace(0, 1, steps + 1)

    @jax.jit
    def probability(fraction: Array) -> Array:
        first = order < fraction * height * width
        kept = first if insert else ~first
        shares = jax.nn.softmax(network.logits(jnp.where(kept[..., None], images, 0)))
        return jnp.take_along_axis(shares, classes[:, None], 1).mean()

    return fractions, np.asarray([float(probability(jnp.float32(fraction))) for fraction in fractions])


def area(fractions: np.ndarray, probabilities: np.ndarray) -> float:
    """Under a curve: low is good for removal, high for insertion."""
    return float(np.trapezoid(probabilities, fractions))


def randomized(variables: Tree, layer: str, seed: int = 0) -> Tree:
    """Variables in which the kernels of `layer` are shuffled: the same numbers, no knowledge.

    Source: the randomization test of Adebayo et al. 2018, arXiv:1810.03292.
    """

    def shuffle(path: tuple, leaf: Array) -> Array:
        names = [str(getattr(key, "key", key)) for key in path]
        inside = "/".join(names[1:]).startswith(f"{layer}/") and names[-1] == "kernel"
        if not inside:
            return leaf
        return jax.random.permutation(key_of(seed), leaf.reshape(-1)).reshape(leaf.shape)

    return jax.tree_util.tree_map_with_path(shuffle, variables)


def rank_correlation(a: Array, b: Array) -> np.ndarray:
    """Spearman's rank correlation of the absolute values of maps: [B]."""

    def ranks(maps: Array) -> np.ndarray:
        flat = np.abs(np.asarray(maps, np.float64)).reshape(len(maps), -1)
        return flat.argsort(1).argsort(1).astype(np.float64)

    first, second = (each - each.mean(1, keepdims=True) for each in (ranks(a), ranks(b)))
    return (first * second).sum(1) / np.sqrt((first**2).sum(1) * (second**2).sum(1))


def edges(network: Network, images: Array, classes: Array) -> Array:
    """A map that ignores the network: where neighboring pixels differ. A test of maps must refuse it."""
    gray = images.mean(-1)
    down, right = jnp.diff(gray, axis=1, append=gray[:, -1:]), jnp.diff(gray, axis=2, append=gray[:, :, -1:])
    return jnp.abs(down) + jnp.abs(right)
