"""Which class: the network gives a logit for each, or one logit for two."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from jaxcnn import losses, metrics
from jaxcnn.losses import two_class
from jaxcnn.tasks.task import Setting, Sums, Task


def classification(setting: Setting) -> Task:
    """The class of an image; it answers with probabilities [B, K]."""
    return of_classes(setting, len(setting.label_names), takes_distributions=True, averages_views=True)


def of_classes(setting: Setting, classes: int, **options: Any) -> Task:
    """A task whose targets are `classes` classes."""
    return Task(
        output_shape=(classes,),
        also_takes=((1,),) if classes == 2 else (),
        input_shape=setting.image_shape,
        loss=losses.build(setting.loss),
        metric="accuracy",
        answer=lambda logits, _: probabilities(logits),
        sums=_sums,
        summarize=metrics.summarize,
        smooths_labels=True,
        **options,
    )


def _sums(logits: Array, targets: Array, mask: Array) -> Sums:
    labels = targets if targets.ndim == 1 else targets.argmax(-1)
    return metrics.sums(logits, labels, mask)


def probabilities(logits: Array) -> Array:
    """[B, K] or, for two classes, [B, 1] logits -> [B, K] float32."""
    return jax.nn.softmax(two_class(logits).astype(jnp.float32))
