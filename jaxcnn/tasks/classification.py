"""Which class: the network gives a logit for each, or one logit for two."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn import losses, metrics
from jaxcnn.losses import Loss, two_class
from jaxcnn.tasks.task import Setting, Sums, Task, Totals


def classification(setting: Setting) -> Task:
    """The class of an image; it answers with probabilities [B, K]."""
    weights = None
    if setting.class_counts:
        weights = losses.class_weights(setting.loss.class_weights, setting.label_names, setting.class_counts)
    return of_classes(
        setting,
        setting.label_names,
        loss=losses.weighted(losses.build(setting.loss), weights),
        takes_distributions=True,
        weights_classes=True,
        averages_views=True,
    )


def of_classes(setting: Setting, names: tuple[str, ...], loss: Loss | None = None, **options: Any) -> Task:
    """A task whose targets are classes with these names; `loss`: another than the setting's."""
    classes = len(names)
    return Task(
        output_shape=(classes,),
        also_takes=((1,),) if classes == 2 else (),
        input_shape=setting.image_shape,
        loss=loss or losses.build(setting.loss),
        metric="accuracy",
        answer=lambda logits, _: probabilities(logits),
        sums=_sums,
        evaluation_sums=_confusion if classes <= MOST_CLASSES else _by_class,
        summarize=metrics.summarize,
        details=_details,
        smooths_labels=True,
        class_names=names,
        **options,
    )


MOST_CLASSES = 200
"""Up to which a confusion matrix is counted."""


def _confusion(logits: Array, targets: Array, mask: Array) -> Sums:
    """[K, K]: how often a class (rows) was taken for another (columns)."""
    logits = two_class(logits)
    classes = logits.shape[-1]
    rows = jax.nn.one_hot(targets, classes) * (mask > 0)[:, None]
    return {"confusion": rows.T @ jax.nn.one_hot(logits.argmax(-1), classes)}


TOP = 5
"""Of many classes, the right one may be among this many."""


def _by_class(logits: Array, targets: Array, mask: Array) -> Sums:
    """What is counted of many classes: examples and right answers of each [K], and right ones among the first five."""
    rows = jax.nn.one_hot(targets, logits.shape[-1]) * (mask > 0)[:, None]
    _, first = jax.lax.top_k(logits, TOP)
    found = first == targets[:, None]
    return {"examples": rows.sum(0), "right": found[:, 0] @ rows, "top": (found.any(1) & (mask > 0)).sum()}


def _details(totals: Totals) -> dict[str, Any]:
    if "confusion" in totals:
        return confusion_details(np.asarray(totals["confusion"]).astype(int))
    if "examples" in totals:
        top = float(totals["top"] / max(totals["count"], 1))
        return {"top_5_accuracy": top, **recalls(totals["right"], totals["examples"])}
    return {}


def confusion_details(matrix: np.ndarray) -> dict[str, Any]:
    """A confusion matrix [K, K] of counts and what follows from it, as the summary holds them."""
    return {"confusion": matrix.tolist(), **recalls(matrix.diagonal(), matrix.sum(1))}


def recalls(right: np.ndarray, examples: np.ndarray) -> dict[str, Any]:
    """The accuracy of each class, which is its recall; None without examples. Their mean is the balanced accuracy."""
    shares = [float(some / count) if count else None for some, count in zip(right, examples, strict=True)]
    known = [share for share in shares if share is not None]
    return {"balanced_accuracy": float(np.mean(known)) if known else float("nan"), "class_accuracy": shares}


def _sums(logits: Array, targets: Array, mask: Array) -> Sums:
    labels = targets if targets.ndim == 1 else targets.argmax(-1)
    return metrics.sums(logits, labels, mask)


def probabilities(logits: Array) -> Array:
    """[B, K] or, for two classes, [B, 1] logits -> [B, K] float32."""
    return jax.nn.softmax(two_class(logits).astype(jnp.float32))
