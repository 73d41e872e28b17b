"""Several labels a picture: a sigmoid for each class."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from jaxcnn.tasks.one_against_rest import average_precision
from jaxcnn.tasks.task import Setting, Sums, Task, Totals, masked_sum


def multilabel(setting: Setting) -> Task:
    """Which classes a picture shows; it answers with a probability for each, [B, K].

    Data of one label a picture are taken, too: each class is then told from the rest by itself.
    """
    classes = len(setting.label_names)

    def loss(logits: Array, targets: Array) -> Array:
        """Summed over the classes."""
        smooth = (1 - setting.loss.smoothing) * targets + setting.loss.smoothing / 2
        return optax.sigmoid_binary_cross_entropy(logits.astype(jnp.float32), smooth).sum(-1)

    def example(draw: Any, images: Array, labels: Array) -> tuple[Array, Array]:
        several = labels if labels.ndim == 2 else jax.nn.one_hot(labels, classes)
        return images, several.astype(jnp.float32)

    return Task(
        output_shape=(classes,),
        input_shape=setting.image_shape,
        loss=setting.choose_loss("multilabel", {"binary_cross_entropy": loss}),
        metric="mean_average_precision",
        answer=lambda logits, _: jax.nn.sigmoid(logits.astype(jnp.float32)),
        example=example,
        sums=sums,
        summarize=summarize,
        measure=measure,
        class_names=setting.label_names,
        smooths_labels=True,
        takes_several_labels=True,
        averages_views=True,
    )


def sums(logits: Array, targets: Array, mask: Array) -> Sums:
    """Labels that are right at a probability of one half: how many, and of how many examples all."""
    right = (logits > 0) == (targets > 0)
    return {
        "right": masked_sum(right.mean(-1), mask),
        "all_right": masked_sum(right.all(-1).astype(jnp.float32), mask),
    }


def summarize(totals: Totals) -> dict[str, float]:
    count = max(totals["count"], 1)
    return {"label_accuracy": float(totals["right"] / count), "exact_match": float(totals["all_right"] / count)}


def measure(logits: np.ndarray, targets: Any) -> dict[str, Any]:
    """The average precision of each class, None for one without examples, and the mean of the others."""
    scores, truth = np.asarray(logits, np.float64), np.asarray(targets) > 0
    if not np.isfinite(scores).all():
        return {"mean_average_precision": float("nan")}
    each = [average_precision(*pair) for pair in zip(scores.T, truth.T, strict=True)]
    known = [value for value in each if not np.isnan(value)]
    return {
        "mean_average_precision": float(np.mean(known)) if known else float("nan"),
        "class_average_precision": [None if np.isnan(value) else value for value in each],
    }
