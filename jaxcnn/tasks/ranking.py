"""Losses and metrics of an order: scores [L, n] of L lists against relevances [L, n], the higher the earlier.

Gains are the relevances themselves, as in scikit-learn's `ndcg_score`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array


def _pairs(values: Array) -> Array:
    """[..., n] -> [..., n, n]: value i minus value j."""
    return values[..., :, None] - values[..., None, :]


def _mean_over_pairs(values: Array, relevance: Array) -> Array:
    """The mean over the pairs of a list in which the first should come before the second."""
    before = _pairs(relevance) > 0
    return jnp.where(before, values, 0).sum((-2, -1)) / jnp.maximum(before.sum((-2, -1)), 1)


def ranknet(scores: Array, relevance: Array) -> Array:
    """The binary cross-entropy of every comparison: log(1 + exp(s_j - s_i)). Source: Burges et al. 2005."""
    return _mean_over_pairs(jax.nn.softplus(-_pairs(scores)), relevance)


def lambdarank(scores: Array, relevance: Array) -> Array:
    """RankNet, each comparison weighed by how much NDCG changes if the two trade places. Source: Burges 2010."""
    places = 1 + (_pairs(scores) < 0).sum(-1)
    discounts = 1 / jnp.log2(1 + places)
    change = jnp.abs(_pairs(relevance) * _pairs(discounts))
    weights = jax.lax.stop_gradient(change / jnp.maximum(_best_gain(relevance), 1e-9)[..., None, None])
    return jnp.where(_pairs(relevance) > 0, weights * jax.nn.softplus(-_pairs(scores)), 0).sum((-2, -1))


def listnet(scores: Array, relevance: Array) -> Array:
    """The cross-entropy of softmax(scores) from the relevances as shares. Source: Cao et al. 2007."""
    shares = relevance / jnp.maximum(relevance.sum(-1, keepdims=True), 1e-9)
    return -(shares * jax.nn.log_softmax(scores)).sum(-1)


def listmle(scores: Array, relevance: Array) -> Array:
    """The negative log-likelihood of the right order in Plackett and Luce's model. Source: Xia et al. 2008."""
    ordered = jnp.take_along_axis(scores, jnp.argsort(-relevance, stable=True), -1)
    remaining = jax.lax.cumlogsumexp(ordered, axis=ordered.ndim - 1, reverse=True)
    return (remaining - ordered).sum(-1)


LOSSES: dict[str, Callable[[Array, Array], Array]] = {
    "ranknet": ranknet,
    "listnet": listnet,
    "listmle": listmle,
    "lambdarank": lambdarank,
}


def _gain(relevance: Array, k: int | None = None) -> Array:
    """Discounted cumulative gain of relevances in the order given."""
    discounts = 1 / jnp.log2(2 + jnp.arange(relevance.shape[-1]))
    return (relevance * discounts)[..., :k].sum(-1)


def _best_gain(relevance: Array, k: int | None = None) -> Array:
    return _gain(-jnp.sort(-relevance), k)


def ndcg(scores: Array, relevance: Array, k: int | None = None) -> Array:
    """Normalized discounted cumulative gain of the first k places, 0 ... 1; 0 where nothing is relevant."""
    ordered = jnp.take_along_axis(relevance, jnp.argsort(-scores), -1)
    return _gain(ordered, k) / jnp.maximum(_best_gain(relevance, k), 1e-9)


def pairwise_accuracy(scores: Array, relevance: Array) -> Array:
    """The fraction of the pairs with different relevances that are in the right order; equal scores count half."""
    return _mean_over_pairs(0.5 * (1 + jnp.sign(_pairs(scores))), relevance)


def kendall_tau(scores: Array, relevance: Array) -> Array:
    """Kendall's tau-b: right minus wrong pairs, over the geometric mean of the untied pairs of either side."""
    ours, theirs = jnp.sign(_pairs(scores)), jnp.sign(_pairs(relevance))
    untied = jnp.sqrt(jnp.abs(ours).sum((-2, -1)) * jnp.abs(theirs).sum((-2, -1)))
    return (ours * theirs).sum((-2, -1)) / jnp.maximum(untied, 1e-9)


def exact(scores: Array, relevance: Array) -> Array:
    """1 for a list that is in the right order throughout, else 0."""
    wrong = (_pairs(relevance) > 0) & ~(_pairs(scores) > 0)
    return 1.0 - wrong.any((-2, -1))
