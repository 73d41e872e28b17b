import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn import metrics

LOGITS = 3 * jax.random.normal(jax.random.key(0), (60, 10))
LABELS = jax.random.randint(jax.random.key(1), (60,), 0, 10)
ALL = jnp.ones(60)


def summary(sums: dict[str, jax.Array], count: float = 60) -> dict[str, float]:
    return metrics.summarize({"count": np.asarray(count), **{name: np.asarray(value) for name, value in sums.items()}})


def test_sums_of_parts_are_the_sums_of_the_whole():
    whole = summary(metrics.sums(LOGITS, LABELS, ALL))
    parts = [metrics.sums(LOGITS[a:b], LABELS[a:b], ALL[a:b]) for a, b in ((0, 7), (7, 40), (40, 60))]
    assert summary(jax.tree.map(lambda *x: sum(x), *parts)) == pytest.approx(whole, rel=1e-5)


def test_masked_examples_do_not_count_even_where_they_are_not_finite():
    mask = jnp.arange(60) < 50
    spoilt = LOGITS.at[50:].set(jnp.nan)
    masked = summary(metrics.sums(spoilt, LABELS, mask), 50)
    assert masked == pytest.approx(summary(metrics.sums(LOGITS[:50], LABELS[:50], ALL[:50]), 50), rel=1e-5)


def test_values_against_numpy():
    probabilities = np.asarray(jax.nn.softmax(LOGITS), np.float64)
    confidence, correct = probabilities.max(-1), probabilities.argmax(-1) == np.asarray(LABELS)
    place = np.minimum((confidence * 15).astype(int), 14)
    gaps = [abs((confidence - correct)[place == b].sum()) for b in range(15)]
    seen = summary(metrics.sums(LOGITS, LABELS, ALL))
    assert seen["accuracy"] == pytest.approx(correct.mean())
    assert seen["nll"] == pytest.approx(-np.log(probabilities[np.arange(60), LABELS]).mean(), rel=1e-5)
    assert seen["calibration_error"] == pytest.approx(sum(gaps) / 60, rel=1e-4)


def test_a_single_logit_is_a_two_class_problem():
    seen = summary(metrics.sums(jnp.array([[2.0], [-1.0], [3.0]]), jnp.array([1, 1, 0]), jnp.ones(3)), 3)
    assert seen["accuracy"] == pytest.approx(1 / 3)
