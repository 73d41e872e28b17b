"""A likeness: images of the same kind are near each other. Recommendation by content is a search among neighbors.

The network gives a vector for each image, which is scaled to length one. It is judged by whether the nearest neighbors
of an image are of its class, among images it was not trained on.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from jaxcnn.parallel.collectives import gather
from jaxcnn.tasks.task import Setting, Task

NEIGHBORS = (1, 5, 10)
CHUNK = 1000


def unit(outputs: Array) -> Array:
    """Vectors [B, D] scaled to length one, float32."""
    outputs = outputs.astype(jnp.float32)
    return outputs * lax.rsqrt(jnp.square(outputs).sum(-1, keepdims=True) + 1e-12)


def embed(setting: Setting, *, size: int = 64, temperature: float = 0.1, margin: float = 0.2) -> Task:
    """Vectors of `size` numbers in which a class is together; it answers with unit vectors [B, size].

    The loss compares each example with all others of the global batch, on whichever device they are. `simclr` needs
    no labels: two augmented views of an image are alike. Its evaluation, in which an image has one view, shows the
    supervised loss.

    Options:
        size: numbers in a vector.
        temperature: divides cosines in supervised_contrastive and simclr.
        margin: of triplet.
    """
    losses = {
        "supervised_contrastive": partial(supervised_contrastive, temperature=temperature),
        "triplet": partial(batch_hard_triplet, margin=margin),
        "simclr": partial(nt_xent, temperature=temperature),
    }
    chosen = setting.choose_loss("embed", losses)
    views = 2 if chosen is losses["simclr"] else 1

    def loss(outputs: Array, labels: Array) -> Array:
        vectors = unit(outputs)
        if len(vectors) == len(labels):
            by_label = losses["supervised_contrastive"] if views == 2 else chosen
            return by_label(compare(vectors, labels, setting.axis))
        return chosen(compare(vectors, _image_numbers(len(labels), setting.axis), setting.axis)).reshape(-1, 2).mean(1)

    return Task(
        output_shape=(size,),
        input_shape=setting.image_shape,
        loss=loss,
        metric="recall_at_1",
        answer=lambda outputs, _: unit(outputs),
        measure=lambda outputs, labels: retrieval(np.asarray(unit(jnp.asarray(outputs))), np.asarray(labels)),
        views=views,
    )


def _image_numbers(count: int, axis: str | None) -> Array:
    """Which image of the global batch each of 2 * `count` views on this device shows."""
    first = 0 if axis is None else lax.axis_index(axis) * count
    return first + jnp.repeat(jnp.arange(count), 2)


class Comparison(NamedTuple):
    """This device's vectors [B] against those of the global batch [N]: cosines, and which of them belong together."""

    cosines: Array
    itself: Array
    alike: Array
    different: Array


def compare(vectors: Array, groups: Array, axis: str | None) -> Comparison:
    """vectors [B, D] of length one; those of equal `groups` [B] are alike, but for a vector and itself."""
    everyone, their_groups = gather((vectors, groups), axis)
    first = 0 if axis is None else lax.axis_index(axis) * len(vectors)
    itself = jnp.arange(len(everyone)) == first + jnp.arange(len(vectors))[:, None]
    same = groups[:, None] == their_groups
    return Comparison(vectors @ everyone.T, itself, same & ~itself, ~same)


def supervised_contrastive(pairs: Comparison, *, temperature: float = 0.1) -> Array:
    """[B]: minus the mean log-probability of those alike; 0 for an example that has none in the batch.

    Source: Khosla et al. 2020, arXiv:2004.11362, equation 2.
    """
    logits = jnp.where(pairs.itself, -jnp.inf, pairs.cosines / temperature)
    log_shares = jnp.where(pairs.itself, 0, logits - jax.nn.logsumexp(logits, axis=-1, keepdims=True))
    return -jnp.where(pairs.alike, log_shares, 0).sum(-1) / jnp.maximum(pairs.alike.sum(-1), 1)


nt_xent = supervised_contrastive
"""Where each view has one other of its image, both are the same. Source: Chen et al. 2020, arXiv:2002.05709."""


def batch_hard_triplet(pairs: Comparison, *, margin: float = 0.2) -> Array:
    """[B]: the margin by which the farthest of those alike should be nearer than the nearest of the others.

    Source: Hermans, Beyer and Leibe 2017, arXiv:1703.07737.
    """
    distances = jnp.sqrt(jnp.maximum(2 - 2 * pairs.cosines, 1e-12))
    farthest = jnp.where(pairs.alike, distances, 0).max(-1)
    nearest = jnp.where(pairs.different, distances, jnp.inf).min(-1)
    judged = pairs.alike.any(-1) & pairs.different.any(-1)
    return jnp.where(judged, jax.nn.relu(farthest - jnp.where(judged, nearest, 0) + margin), 0)


def retrieval(vectors: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Every image searches among all others: recall@k (any of the k nearest is of its class), and MAP@R.

    vectors [N, D] of length one, labels [N]. MAP@R: Musgrave et al. 2020, arXiv:2003.08505, section 3.2.
    """
    others = np.bincount(labels)[labels] - 1
    deepest = max(int(others.max(initial=0)), *NEIGHBORS)
    hits, precision = [], []
    for start in range(0, len(vectors), CHUNK):
        right = _right(vectors, labels, start, deepest)
        hits.append(np.stack([right[:, :k].any(1) for k in NEIGHBORS], axis=1))
        precision.append(_precision_at_r(right, others[start : start + CHUNK]))
    searched = others > 0
    shares = np.concatenate(hits)[searched].mean(0)
    found = {f"recall_at_{k}": float(share) for k, share in zip(NEIGHBORS, shares, strict=True)}
    return found | {"map_at_r": float(np.concatenate(precision)[searched].mean())}


def _right(vectors: np.ndarray, labels: np.ndarray, start: int, deepest: int) -> np.ndarray:
    """[CHUNK, deepest]: whether the k-th nearest neighbor has the same label."""
    chunk = vectors[start : start + CHUNK]
    cosines = chunk @ vectors.T
    rows = np.arange(len(chunk))
    cosines[rows, start + rows] = -np.inf
    depth = min(deepest, len(vectors) - 1)
    nearest = np.argpartition(-cosines, depth - 1, axis=1)[:, :depth]
    order = np.argsort(-np.take_along_axis(cosines, nearest, 1), axis=1, kind="stable")
    return labels[np.take_along_axis(nearest, order, 1)] == labels[start : start + CHUNK, None]


def _precision_at_r(right: np.ndarray, others: np.ndarray) -> np.ndarray:
    """[CHUNK]: the mean over the R nearest of precision there, where they are right; R is how many are alike."""
    places = np.arange(1, right.shape[1] + 1)
    counted = right & (places <= others[:, None])
    return (np.cumsum(right, 1) / places * counted).sum(1) / np.maximum(others, 1)
