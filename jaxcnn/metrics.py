"""Metrics as sums and counts, which add up over batches and devices; `summarize` divides once, at the end."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.losses import two_class

BINS = 15
"""Bins of equal width in confidence, for the expected calibration error (Guo et al. 2017)."""

Sums = dict[str, Array]


def sums(logits: Array, labels: Array, mask: Array) -> Sums:
    """Sums over a batch of what `summarize` needs.

    logits [B, K], labels [B] integers; examples whose `mask` [B] is zero do not count.
    """
    log_probabilities = jax.nn.log_softmax(two_class(logits.astype(jnp.float32)))
    nll = -jnp.take_along_axis(log_probabilities, labels[:, None], axis=-1)[:, 0]
    correct = (log_probabilities.argmax(-1) == labels).astype(jnp.float32)
    confidence = jnp.where(mask > 0, jnp.exp(log_probabilities.max(-1)), 0)
    place = jax.nn.one_hot(jnp.minimum(confidence * BINS, BINS - 1).astype(jnp.int32), BINS) * mask[:, None]

    def total(values: Array) -> Array:
        return jnp.where(mask > 0, values, 0).sum()  # not a product: padding may not be finite

    return {
        "correct": total(correct),
        "nll": total(nll),
        "bins": place.T @ jnp.stack([confidence, correct], axis=1),
    }


def summarize(totals: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Top-1 accuracy, negative log-likelihood (nats) and expected calibration error of `count` examples summed."""
    count = max(totals["count"], 1)
    confidence, correct = totals["bins"].T
    return {
        "accuracy": float(totals["correct"] / count),
        "nll": float(totals["nll"] / count),
        "calibration_error": float(np.abs(confidence - correct).sum() / count),
    }
