"""Losses: (logits [B, K], targets) -> values [B]; targets are integers [B] or distributions [B, K].

Everything is computed in float32. One logit (K = 1) is the sigmoid neuron of a two-class problem.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import optax
from jax import Array

from jaxcnn.config import LossConfig
from jaxcnn.errors import lookup

Loss = Callable[[Array, Array], Array]


def two_class(logits: Array) -> Array:
    """[B, 1] -> [B, 2]: a sigmoid neuron is a softmax whose first logit is fixed at zero."""
    return jnp.concatenate([jnp.zeros_like(logits), logits], axis=-1) if logits.shape[-1] == 1 else logits


def distribution(targets: Array, classes: int, smoothing: float = 0.0) -> Array:
    """Targets as [B, classes]: one-hot if they were integers, with `smoothing` spread over all classes."""
    one_hot = targets if targets.ndim == 2 else jax.nn.one_hot(targets, classes)
    return optax.smooth_labels(one_hot.astype(jnp.float32), smoothing)


def cross_entropy(logits: Array, targets: Array, *, smoothing: float = 0.0) -> Array:
    logits = two_class(logits.astype(jnp.float32))
    return optax.softmax_cross_entropy(logits, distribution(targets, logits.shape[-1], smoothing))


def binary_cross_entropy(logits: Array, targets: Array, *, smoothing: float = 0.0) -> Array:
    """Binary cross-entropy summed over the classes, each against the rest; with one logit, of the second class."""
    logits = logits.astype(jnp.float32)
    wanted = distribution(targets, max(logits.shape[-1], 2), smoothing)[:, -logits.shape[-1] :]
    return optax.sigmoid_binary_cross_entropy(logits, wanted).sum(-1)


def squared_error(logits: Array, targets: Array, *, smoothing: float = 0.0) -> Array:
    """Squared distance of the outputs themselves from the one-hot target; with one logit, of its sigmoid."""
    outputs = logits.astype(jnp.float32)
    if outputs.shape[-1] == 1:
        outputs = jax.nn.softmax(two_class(outputs))
    return jnp.square(outputs - distribution(targets, outputs.shape[-1], smoothing)).sum(-1)


LOSSES: dict[str, Callable[..., Array]] = {
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "squared_error": squared_error,
}


def build(config: LossConfig) -> Loss:
    """The loss that `config` names, or cross-entropy."""
    return partial(lookup(LOSSES, config.name or "cross_entropy", "loss"), smoothing=config.smoothing)


def penalty(config: LossConfig, params: object, weights: object) -> Array:
    """l1 * sum |w| + l2/2 * sum w^2, each parameter counted `weights` times."""
    terms = {"l1": lambda w: jnp.abs(w).sum(), "l2": lambda w: jnp.square(w).sum() / 2}
    factors = {name: getattr(config, name) for name in terms}
    # In a stack of runs the factors are traced, so that none is known to be zero.
    wanted = {name: factor for name, factor in factors.items() if isinstance(factor, Array) or factor}
    weighted = [
        weight * factor * terms[name](w)
        for w, weight in zip(jax.tree.leaves(params), jax.tree.leaves(weights), strict=True)
        if weight
        for name, factor in wanted.items()
    ]
    return jnp.asarray(sum(weighted), jnp.float32)
