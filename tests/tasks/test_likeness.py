from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.tasks import likeness

VECTORS = likeness.unit(jax.random.normal(jax.random.key(0), (12, 5)))
LABELS = jnp.arange(12) % 3


def test_one_hot_vectors_find_their_class():
    labels = np.arange(60) % 6
    found = likeness.retrieval(np.eye(6, dtype=np.float32)[labels], labels)
    assert found == {"recall_at_1": 1, "recall_at_5": 1, "recall_at_10": 1, "map_at_r": 1}


def test_retrieval_against_a_loop():
    vectors, labels = np.asarray(VECTORS), np.asarray(LABELS)
    recall, precision = [], []
    for place, vector in enumerate(vectors):
        others = [other for other in np.argsort(-(vectors @ vector)) if other != place]
        right = labels[others] == labels[place]
        recall.append(right[0])
        alike = right.sum()
        precision.append(np.mean([right[: k + 1].mean() * right[k] for k in range(alike)]))
    found = likeness.retrieval(vectors, labels)
    assert found["recall_at_1"] == pytest.approx(np.mean(recall))
    assert found["map_at_r"] == pytest.approx(np.mean(precision))


def test_a_class_of_one_is_not_searched():
    labels = np.array([0, 0, 1])
    found = likeness.retrieval(np.array([[1, 0], [1, 0], [0, 1]], np.float32), labels)
    assert found["recall_at_1"] == 1


def test_supervised_contrastive_against_a_loop():
    expected = []
    for i in range(12):
        logits = np.delete(np.asarray(VECTORS @ VECTORS[i]) / 0.5, i)
        alike = np.delete(np.asarray(LABELS[i] == LABELS), i)
        expected.append(-(logits - np.log(np.exp(logits).sum()))[alike].mean())
    found = likeness.supervised_contrastive(likeness.compare(VECTORS, LABELS, None), temperature=0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_nt_xent_of_identical_pairs_of_orthogonal_images():
    """Each view sees one cosine of 1 and 2 N - 2 of 0."""
    count, temperature = 4, 0.5
    views = jnp.repeat(jnp.eye(count), 2, axis=0)
    pairs = likeness.compare(views, jnp.repeat(jnp.arange(count), 2), None)
    expected = np.log(np.exp(1 / temperature) + 2 * count - 2) - 1 / temperature
    np.testing.assert_allclose(likeness.nt_xent(pairs, temperature=temperature), expected, rtol=1e-5)


def test_triplets_of_separate_classes_cost_nothing():
    separate = jnp.eye(3)[LABELS]
    pairs = likeness.compare(separate, LABELS, None)
    np.testing.assert_array_equal(likeness.batch_hard_triplet(pairs, margin=0.2), 0)


@pytest.mark.parametrize("loss", [likeness.batch_hard_triplet, likeness.supervised_contrastive])
def test_gradients_are_finite(loss: Callable[[likeness.Comparison], jax.Array]):
    gradient = jax.grad(lambda v: loss(likeness.compare(likeness.unit(v), LABELS, None)).sum())(VECTORS)
    assert np.isfinite(gradient).all()


def test_hardest_triplets_against_a_loop():
    distances = np.linalg.norm(np.asarray(VECTORS)[:, None] - np.asarray(VECTORS), axis=-1)
    same = np.asarray(LABELS)[:, None] == np.asarray(LABELS)
    farthest = np.where(same & ~np.eye(12, dtype=bool), distances, 0).max(1)
    nearest = np.where(same, np.inf, distances).min(1)
    found = likeness.batch_hard_triplet(likeness.compare(VECTORS, LABELS, None), margin=0.2)
    np.testing.assert_allclose(found, np.maximum(farthest - nearest + 0.2, 0), atol=1e-4)
