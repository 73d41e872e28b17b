import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kendalltau
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score

from helpers.tiny import random_data
from jaxcnn import tasks
from jaxcnn.config import Config
from jaxcnn.tasks import one_against_rest, ranking

SCORES = jax.random.normal(jax.random.key(0), (30, 6))
RELEVANCE = jax.random.randint(jax.random.key(1), (30, 6), 0, 4).astype(jnp.float32)


def test_likelihoods_of_all_orders_of_four_sum_to_one():
    scores = jnp.array([0.3, -1.0, 2.0, 0.1])
    orders = jnp.array(list(itertools.permutations(range(4))), jnp.float32)
    likelihoods = jnp.exp(-ranking.listmle(jnp.broadcast_to(scores, orders.shape), orders))
    assert float(likelihoods.sum()) == pytest.approx(1, rel=1e-5)


def test_ranknet_of_two_is_binary_cross_entropy_of_the_difference():
    scores = jnp.array([[0.7, -0.4], [0.2, 1.5]])
    expected = -jax.nn.log_sigmoid(scores[:, 0] - scores[:, 1])
    np.testing.assert_allclose(ranking.ranknet(scores, jnp.array([[1.0, 0.0], [3.0, 2.0]])), expected, rtol=1e-6)


def test_listnet_with_one_relevant_is_cross_entropy():
    relevance = jnp.eye(6)[:3]
    expected = -jax.nn.log_softmax(SCORES[:3])[jnp.arange(3), jnp.arange(3)]
    np.testing.assert_allclose(ranking.listnet(SCORES[:3], relevance), expected, rtol=1e-6)


@pytest.mark.parametrize("name", [*ranking.LOSSES, "ndcg", "pairwise_accuracy", "kendall_tau", "exact"])
def test_the_order_in_which_a_list_is_given_does_not_matter(name: str):
    function = getattr(ranking, name)
    relevance = jnp.argsort(RELEVANCE + 0.1 * SCORES).astype(jnp.float32)  # no ties
    swapped = jnp.array([3, 0, 5, 1, 4, 2])
    np.testing.assert_allclose(
        function(SCORES, relevance), function(SCORES[:, swapped], relevance[:, swapped]), rtol=2e-5
    )


@pytest.mark.parametrize("name", ranking.LOSSES)
def test_losses_are_finite_and_fall_along_their_gradient(name: str):
    def loss(scores: jax.Array) -> jax.Array:
        return ranking.LOSSES[name](scores, RELEVANCE).mean()

    gradient = jax.grad(loss)(SCORES)
    assert np.isfinite(gradient).all()
    assert loss(SCORES - 0.1 * gradient) < loss(SCORES)


@pytest.mark.parametrize("k", [None, 1, 3])
def test_ndcg_is_that_of_scikit_learn(k: int | None):
    mean = ndcg_score(np.asarray(RELEVANCE), np.asarray(SCORES), k=k)
    relevant = RELEVANCE.sum(1) > 0
    assert float(ranking.ndcg(SCORES, RELEVANCE, k)[relevant].mean()) == pytest.approx(mean, rel=1e-5)


def test_kendall_tau_is_that_of_scipy():
    expected = [kendalltau(a, b).statistic for a, b in zip(np.asarray(SCORES), np.asarray(RELEVANCE), strict=True)]
    np.testing.assert_allclose(ranking.kendall_tau(SCORES, RELEVANCE), np.nan_to_num(expected), atol=1e-5)


def test_a_perfect_order_is_perfect_whatever_the_ties():
    scores = RELEVANCE + 0.01 * SCORES
    for metric in (ranking.exact, ranking.pairwise_accuracy, ranking.ndcg):
        np.testing.assert_allclose(metric(scores, RELEVANCE), 1, rtol=1e-6)
    assert float(ranking.exact(-scores, RELEVANCE).max()) == 0


@pytest.mark.parametrize("ties", [False, True])
def test_auc_and_average_precision_are_those_of_scikit_learn(ties: bool):
    draw = np.random.default_rng(0)
    truth = draw.random(200) < 0.1
    scores = draw.normal(size=200) + truth
    scores = scores.round(0) if ties else scores
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[truth] for b in scores[~truth]]
    assert one_against_rest.auc(scores, truth) == pytest.approx(np.mean(pairs))
    assert one_against_rest.auc(scores, truth) == pytest.approx(roc_auc_score(truth, scores))
    expected = average_precision_score(truth, scores)
    assert one_against_rest.average_precision(scores, truth) == pytest.approx(expected)


def test_a_constant_prediction_of_the_base_rate_has_normalized_entropy_one():
    truth = np.arange(100) < 10
    found = one_against_rest.measure(np.full((100, 1), np.log(0.1 / 0.9)), truth)
    assert found["normalized_entropy"] == pytest.approx(1)
    assert found["calibration_error"] == pytest.approx(0, abs=1e-9)
    assert found["mean_prediction_over_rate"] == pytest.approx(1)
    assert found["auc"] == 0.5


def test_a_list_of_one_class_and_a_padded_list_are_not_counted():
    info = random_data().info
    task = tasks.build(Config("n", task="sort:size=3"), info)
    labels = jnp.array([1, 2, 3, 5, 5, 5, 3, 2, 1])
    sums = task.sums(jnp.arange(9.0)[:, None], labels, jnp.ones(9).at[8].set(0))
    assert (float(sums["lists"]), float(sums["exact"])) == (1, 1)
    assert float(ranking.exact(jnp.full((1, 3), jnp.nan), jnp.arange(3.0)[None])[0]) == 0
