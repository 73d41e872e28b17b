"""Distillation: what a teacher says of an image is a target, beside its label."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
from jax import Array

from jaxcnn.config import LossConfig
from jaxcnn.losses import two_class
from jaxcnn.tasks.task import Sums, Task
from jaxcnn.types import Tree

TEMPERATURE, WEIGHT = 4.0, 0.9


class Taught(NamedTuple):
    """The targets of a batch, and the teacher's logits [B, K] for the same images."""

    own: Tree
    logits: Array


def taught(task: Task, config: LossConfig) -> Task:
    """`task` with a loss that also takes `Taught` targets; on its own targets, as in evaluation, it is as it was."""
    temperature = TEMPERATURE if config.temperature is None else config.temperature
    weight = WEIGHT if config.teacher_weight is None else config.teacher_weight

    def loss(outputs: Array, targets: Any) -> Array:
        if not isinstance(targets, Taught):
            return task.loss(outputs, targets)
        return (1 - weight) * task.loss(outputs, targets.own) + weight * distance(outputs, targets.logits, temperature)

    def sums(outputs: Array, targets: Any, mask: Array) -> Sums:
        return task.sums(outputs, targets.own if isinstance(targets, Taught) else targets, mask)

    return replace(task, loss=loss, sums=sums)


def distance(logits: Array, teacher: Array, temperature: float) -> Array:
    """T^2 KL(teacher || student) [B] of the distributions at temperature T, logits [B, K] or, for two classes, [B, 1].

    The factor keeps the gradient's size when the temperature changes.
    Source: Hinton et al. 2015, arXiv:1503.02531, section 2.
    """
    said = jax.nn.log_softmax(two_class(logits.astype("float32")) / temperature)
    wanted = jax.nn.log_softmax(two_class(teacher.astype("float32")) / temperature)
    return temperature**2 * (jax.numpy.exp(wanted) * (wanted - said)).sum(-1)
