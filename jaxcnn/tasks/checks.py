"""Whether the settings of a run fit its task."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.errors import ScopeParamShapeError

from jaxcnn import specs
from jaxcnn.augment import MIXTURES
from jaxcnn.config import Config
from jaxcnn.data.preprocess import scaled
from jaxcnn.errors import UserError
from jaxcnn.models import FOR_PICTURES
from jaxcnn.tasks.task import Task
from jaxcnn.types import Tree


def check_settings(config: Config, task: Task, model: nn.Module, shape: tuple[int, ...], devices: int) -> None:
    """Raises UserError for a model, an augmentation or a batch size that the task cannot use."""
    mixed = [spec for spec in config.augment if specs.parse(spec)[0] in MIXTURES]
    if mixed and not task.takes_distributions:
        raise UserError(f"{mixed[0]} mixes the classes of two images, and the task {config.task} has no classes to mix")
    if config.loss.smoothing and not task.smooths_labels:
        raise UserError(f"loss.smoothing is for classes, and the task {config.task} has none: use --loss.smoothing 0")
    if config.loss.class_weights not in ((), ("none",)) and not task.weights_classes:
        raise UserError(f"loss.class_weights is for the task classification, not for {config.task}: leave it out")
    if config.tta != "none" and not task.averages_views:
        raise UserError(f"tta averages the logits of classes, and the task {config.task} has none: use --tta none")
    if config.image_sizes and len(task.output_shape) == 3:
        raise UserError(f"image_sizes resizes what goes in, and the pictures of the task {config.task} keep their size")
    part = task.group * devices * config.grad_accum_steps
    if config.batch_size % part:
        raise UserError(
            f"batch_size {config.batch_size} does not hold whole groups of {task.group} examples for each of "
            f"{devices} devices and {config.grad_accum_steps} parts: use a multiple of {part}"
        )
    _check_output(config, task, model, shape)


def _check_output(config: Config, task: Task, model: nn.Module, shape: tuple[int, ...]) -> None:
    images = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
    variables = jax.eval_shape(partial(model.init, train=False), jax.random.key(0), images)
    output = tuple(jax.eval_shape(partial(model.apply, train=False), variables, images).shape[1:])
    if output in (task.output_shape, *task.also_takes):
        return
    pictures = len(task.output_shape) == 3
    fitting = f"one of {', '.join(FOR_PICTURES)}" if pictures else "a network that ends in a dense layer, as resnet20"
    raise UserError(
        f"the task {config.task} needs {_words(task.output_shape)} for each image of {_words(shape)}, and "
        f"{config.model} gives {_words(output)}: use {fitting}"
    )


def _words(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) + (" numbers" if len(shape) == 1 else "")


def check_image_size(size: int, model: nn.Module, shape: tuple[int, ...], variables: Tree) -> int:
    """`size`, the pixels of the shorter side of images of `shape`.

    Raises: UserError if the model cannot be applied to images of that size with the variables it has.
    """
    if size < 1:
        raise UserError(f"image_sizes: images of {size} x {size} have no pixel")
    resized = scaled(shape, size)
    images = jax.ShapeDtypeStruct((1, *resized), jnp.float32)
    apply: Callable[..., Any] = partial(model.apply, train=False)
    try:
        jax.eval_shape(apply, variables, images)
    except (UserError, ScopeParamShapeError, ValueError, TypeError) as error:
        height, width, _ = resized
        raise UserError(f"image_sizes: the model does not take images of {height} x {width}: {error}") from None
    return size
