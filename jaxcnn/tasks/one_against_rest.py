"""One class against the rest: a rare positive among many, judged as click-through models are."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from jaxcnn.errors import UserError, did_you_mean
from jaxcnn.tasks.task import Setting, Task

BINS = 15


def one_against_rest(setting: Setting, *, positive: str = "", weight: float = 1.0) -> Task:
    """Whether an image shows the class `positive`; it answers with its probability [B].

    Options:
        positive: name of the class. Default: the first.
        weight: how much more a positive counts in training; the odds that come out are as much too high.
    """
    names = setting.label_names
    wanted = str(positive) or names[0]
    if wanted not in names:
        raise UserError(f"one_against_rest:positive: there is no class {wanted!r}: {did_you_mean(wanted, names)}")

    def weighted(logits: Array, targets: Array) -> Array:
        loss = optax.sigmoid_binary_cross_entropy(logits[:, 0].astype(jnp.float32), targets)
        return jnp.where(targets > 0, weight, 1.0) * loss

    return Task(
        output_shape=(1,),
        input_shape=setting.image_shape,
        loss=setting.choose_loss("one_against_rest", {"binary_cross_entropy": weighted}),
        metric="average_precision",
        answer=lambda logits, _: jax.nn.sigmoid(logits[:, 0].astype(jnp.float32)),
        example=lambda draw, images, labels: (images, (labels == names.index(wanted)).astype(jnp.float32)),
        measure=measure,
    )


def measure(logits: np.ndarray, targets: Any) -> dict[str, float]:
    """All metrics of logits [N, 1] against 0 and 1 [N]."""
    scores, truth = np.asarray(logits, np.float64)[:, 0], np.asarray(targets) > 0
    if not np.isfinite(scores).all():
        return {}  # the loss says so
    probabilities = 1 / (1 + np.exp(-scores))
    loss = np.where(truth, np.logaddexp(0, -scores), np.logaddexp(0, scores)).mean()
    return {
        "average_precision": average_precision(scores, truth),
        "auc": auc(scores, truth),
        "log_loss": float(loss),
        "normalized_entropy": float(loss / entropy(truth.mean())) if 0 < truth.mean() < 1 else float("nan"),
        "calibration_error": calibration_error(probabilities, truth),
        "mean_prediction_over_rate": float(probabilities.mean() / truth.mean()) if truth.any() else float("nan"),
    }


def auc(scores: np.ndarray, truth: np.ndarray) -> float:
    """The fraction of pairs of a positive and a negative that are in the right order; equal scores count half."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    positives = int(truth.sum())
    pairs = positives * (len(truth) - positives)
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / pairs) if pairs else float("nan")


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """The sum over thresholds of precision times the growth of recall; equal scores share a threshold."""
    if not truth.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.diff(scores[order]) != 0, True)
    found = np.cumsum(truth[order])[ends]
    precision = found / (np.flatnonzero(ends) + 1)
    return float((np.diff(found, prepend=0) * precision).sum() / truth.sum())


def entropy(rate: float) -> float:
    """Log loss, in nats, of a constant prediction of the base rate."""
    shares = np.array([rate, 1 - rate])
    return float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The mean difference between predicted and true rate over bins of equal width in probability."""
    place = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    gaps = np.bincount(place, probabilities - truth, minlength=BINS)
    return float(np.abs(gaps).sum() / len(truth))
