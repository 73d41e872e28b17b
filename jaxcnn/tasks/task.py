"""A task: what is to be learned, as a record of pure functions.

The training step, the loop, checkpoints, sweeps and reports know this record and no task in particular. Images are
[B, H, W, C] in 0 ... 255; what a network puts out is [B, ...].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.augment import Draw
from jaxcnn.config import LossConfig
from jaxcnn.errors import lookup
from jaxcnn.types import Tree

Sums = dict[str, Array]
Totals = Mapping[str, np.ndarray]
Loss = Callable[[Array, Any], Array]
T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """What a task is built for: the data, how its images are normalized, and the settings of the loss."""

    image_shape: tuple[int, ...]
    """Height, width and channels of the images in the data set."""
    label_names: tuple[str, ...]
    loss: LossConfig
    normalize: Callable[[Array], Array]
    """Images in 0 ... 255 -> the numbers that a network sees."""
    denormalize: Callable[[Array], Array]
    """The inverse, in float32."""
    axis: str | None = None
    """The mapped axis along which a batch is split; None: it is not split."""
    class_counts: tuple[int, ...] = ()
    """Training images of each class; empty where nothing trains."""

    def choose_loss(self, task: str, losses: Mapping[str, T]) -> T:
        """The loss that is named, or the first of `losses`.

        Raises: UserError for a name that is not among them.
        """
        name = self.loss.name or next(iter(losses))
        return lookup(losses, name, f"loss of the task {task}")


def unchanged(draw: Draw, images: Array, labels: Array) -> tuple[Array, Tree]:
    return images, labels


def same(images: Array) -> Array:
    return images


def nothing(*_: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Task:
    """Between images and answers: what goes in, what should come out, how good an answer is."""

    output_shape: tuple[int, ...]
    """Shape of what a network puts out for one image; the last number is `num_classes` of the model."""
    input_shape: tuple[int, ...]
    """Height, width and channels of what goes in, before any upscaling."""
    loss: Loss
    """(outputs, targets) -> [B] float32."""
    metric: str
    """The metric that says which checkpoint is best; shown while it trains."""
    answer: Callable[[Array, Array], Tree]
    """(outputs, inputs) -> the answer for each image in the task's terms: probabilities, degrees, a picture."""
    example: Callable[[Draw, Array, Array], tuple[Array, Tree]] = unchanged
    """(draw, images, labels [B]) -> inputs in 0 ... 255, targets. In evaluation the draw depends only on the index of
    an example in the data set."""
    sums: Callable[[Array, Any, Array], Sums] = nothing
    """(outputs, targets, mask [B]) -> sums over a batch, which add up over batches and devices."""
    evaluation_sums: Callable[[Array, Any, Array], Sums] = nothing
    """As `sums`: what is too slow for every training step."""
    summarize: Callable[[Totals], dict[str, float]] = nothing
    """Metrics from sums; `count` and `loss` are always among them."""
    details: Callable[[Totals], dict[str, Any]] = nothing
    """What an evaluation says besides numbers, such as a confusion matrix; from sums, for the summary only."""
    measure: Callable[[np.ndarray, Any], dict[str, Any]] | None = None
    """(all outputs [N, ...], all targets) -> metrics that no sum can give, such as a median, and details."""
    picture: Callable[[np.ndarray, Any, Any], np.ndarray] | None = None
    """(inputs, targets, answers) of a few examples -> a picture [H, W, 3] uint8."""
    higher_is_better: bool = True
    also_takes: tuple[tuple[int, ...], ...] = ()
    """Other shapes of output that it takes: one logit for two classes."""
    group: int = 1
    """How many consecutive examples belong together, as those of a list do."""
    views: int = 1
    """How many augmented copies of an image are inputs in training, one after the other."""
    class_names: tuple[str, ...] = ()
    """What the answers are, if they are classes: those of the data, or others."""
    prepare: Callable[[Array], Array] = same
    """What `Run.predict` does to images [B, H, W, C] in 0 ... 255 so that they are like inputs in training."""
    takes_distributions: bool = False
    """Whether a label may be a distribution over classes, which mixup and cutmix make of it."""
    smooths_labels: bool = False
    """Whether its loss takes label smoothing."""
    weights_classes: bool = False
    """Whether its loss takes class weights."""
    takes_several_labels: bool = False
    """Whether a label may be a row of zeros and ones, one for each class."""
    averages_views: bool = False
    """Whether outputs may be averaged over the views of test-time augmentation."""


def batch_sums(task: Task, outputs: Array, targets: Any, loss: Array, mask: Array | None = None) -> Sums:
    """Sums of a batch: `count`, `loss` and the task's own; examples whose `mask` [B] is zero do not count."""
    mask = jnp.ones(loss.shape, jnp.float32) if mask is None else mask.astype(jnp.float32)
    return {"count": mask.sum(), "loss": masked_sum(loss, mask), **task.sums(outputs, targets, mask)}


def masked_sum(values: Array, mask: Array) -> Array:
    """Not a product: padding may not be finite."""
    return jnp.where(mask > 0, values, 0).sum()


def summarize(task: Task, totals: Mapping[str, Any]) -> dict[str, float]:
    """The mean loss, and the task's metrics that sums give."""
    host = {name: np.asarray(value, np.float64) for name, value in totals.items()}
    return {"loss": float(host["loss"] / max(host["count"], 1)), **task.summarize(host)}


def example_shapes(task: Task, image_shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Shapes of the inputs and targets of one group of images.

    Raises: UserError for a task that does not fit such images.
    """
    shape = (task.group, *image_shape)

    def examples() -> tuple[Array, Tree]:
        keys = jax.random.split(jax.random.key(0), task.group)
        draw = Draw(keys, keys, jnp.int32(0))
        return task.example(draw, jnp.zeros(shape, jnp.uint8), jnp.zeros(task.group, jnp.int32))

    return jax.eval_shape(examples)


def empty_sums(task: Task, image_shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """What the sums of a training start from."""
    _, targets = example_shapes(task, image_shape)
    outputs = jax.ShapeDtypeStruct((task.group * task.views, *task.output_shape), jnp.float32)
    loss = jax.ShapeDtypeStruct((task.group,), jnp.float32)
    shapes = jax.eval_shape(lambda *parts: batch_sums(task, *parts), outputs, targets, loss)
    return {name: np.zeros(shape.shape, np.float32) for name, shape in shapes.items()}
