"""Losses: (logits [B, K], targets) -> values [B]; targets are integers [B] or distributions [B, K].

Everything is computed in float32. One logit (K = 1) is the sigmoid neuron of a two-class problem.
"""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from jaxcnn.config import LossConfig
from jaxcnn.errors import UserError, lookup

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


def class_weights(chosen: Sequence[str], names: Sequence[str], counts: Sequence[int]) -> np.ndarray | None:
    """The weight of each class [K], or None if all are one.

    `chosen`: nothing, `none`, `balanced` or pairs such as `cat=3`; `counts`: training images of each class. Balanced
    weights are n / (K n_k), as scikit-learn's, so that their mean over the images is one; a class without any has one.
    Raises: UserError for what is neither, a class that is not among `names`, or a weight that is not positive.
    """
    if tuple(chosen) in ((), ("none",)):
        return None
    if tuple(chosen) == ("balanced",):
        sizes = np.asarray(counts, np.float64)
        return np.where(sizes > 0, sizes.sum() / (len(names) * np.maximum(sizes, 1)), 1).astype(np.float32)
    weights = np.ones(len(names), np.float32)
    places = {name: place for place, name in enumerate(names)}
    for pair in chosen:
        name, equals, number = pair.rpartition("=")
        if not equals:
            raise UserError(f"loss.class_weights: {pair!r} is not none, balanced or CLASS=WEIGHT, such as {names[0]}=2")
        weights[lookup(places, name, "class of loss.class_weights")] = _positive(pair, number)
    return weights


def _positive(pair: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if 0 < number < float("inf"):
        return number
    raise UserError(f"loss.class_weights: the weight in {pair!r} must be a number greater than 0")


def weighted(loss: Loss, weights: np.ndarray | None) -> Loss:
    """`loss` of each example times the weight of its class, or of the classes that it is a mixture of."""
    if weights is None:
        return loss

    def of_class(logits: Array, targets: Array) -> Array:
        return loss(logits, targets) * (distribution(targets, len(weights)) @ jnp.asarray(weights))

    return of_class


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
