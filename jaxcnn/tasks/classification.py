"""Which class: the network gives a logit for each, or one logit for two."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn import losses, metrics
from jaxcnn.losses import two_class
from jaxcnn.tasks.task import Setting, Sums, Task, Totals, nothing


def classification(setting: Setting) -> Task:
    """The class of an image; it answers with probabilities [B, K]."""
    return of_classes(setting, setting.label_names, takes_distributions=True, averages_views=True)


def of_classes(setting: Setting, names: tuple[str, ...], **options: Any) -> Task:
    """A task whose targets are classes with these names."""
    classes = len(names)
    return Task(
        output_shape=(classes,),
        also_takes=((1,),) if classes == 2 else (),
        input_shape=setting.image_shape,
        loss=losses.build(setting.loss),
        metric="accuracy",
        answer=lambda logits, _: probabilities(logits),
        sums=_sums,
        evaluation_sums=_confusion if classes <= MOST_CLASSES else nothing,
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


def _details(totals: Totals) -> dict[str, Any]:
    """The confusion matrix, and the accuracy of each class; None for a class without examples."""
    return confusion_details(np.asarray(totals["confusion"]).astype(int)) if "confusion" in totals else {}


def confusion_details(matrix: np.ndarray) -> dict[str, Any]:
    """A confusion matrix [K, K] of counts, and the accuracy of each class, as the summary holds them."""
    counts = matrix.sum(1)
    shares = [float(right / count) if count else None for right, count in zip(matrix.diagonal(), counts, strict=True)]
    return {"confusion": matrix.tolist(), "class_accuracy": shares}


def _sums(logits: Array, targets: Array, mask: Array) -> Sums:
    labels = targets if targets.ndim == 1 else targets.argmax(-1)
    return metrics.sums(logits, labels, mask)


def probabilities(logits: Array) -> Array:
    """[B, K] or, for two classes, [B, 1] logits -> [B, K] float32."""
    return jax.nn.softmax(two_class(logits).astype(jnp.float32))
