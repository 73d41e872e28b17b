"""The recipe of a step, and of each phase of a training in which something is frozen, unfrozen or resized."""

import inspect
from collections.abc import Mapping
from dataclasses import replace

import optax
from flax import linen as nn

from jaxcnn import augment, freezing, optimizers
from jaxcnn.config import Config
from jaxcnn.data.for_run import Images
from jaxcnn.data.preprocess import normalizer
from jaxcnn.tasks import Task
from jaxcnn.tasks.task import empty_sums
from jaxcnn.train_state import Recipe
from jaxcnn.types import Tree


def build_recipe(
    config: Config,
    images: Images,
    task: Task,
    model: nn.Module,
    optimizer: optax.GradientTransformation,
    params: Tree,
    spans: tuple[Tree, Tree],
    axis: str,
    total_steps: int,
) -> Recipe:
    """The recipe of the first step."""
    augmentation = augment.build(config.augment, len(images.info.label_names))
    augment.check(augmentation, images.info.image_shape)
    return Recipe(
        model=model,
        optimizer=optimizer,
        task=task,
        penalties=config.loss,
        trainable=freezing.moving(spans[0], 0),
        optimized=freezing.ever(spans[0]),
        moving=freezing.moving(spans[1], 0),
        decay_weights=optimizers.decay_weights(config.optimizer, params),
        empty_sums=empty_sums(task, images.info.image_shape),
        augment=augmentation,
        normalize=normalizer(config, images.info),
        steps_per_epoch=images.info.train // config.batch_size,
        axis=axis,
        grad_accum_steps=config.grad_accum_steps,
        ema=config.ema,
        tta=config.tta,
        adversarial=config.adversarial,
        total_steps=total_steps if "progress" in inspect.signature(model).parameters else 0,
    )


def build_phases(
    recipe: Recipe, spans: tuple[Tree, Tree], sizes: Mapping[int, int], total_steps: int
) -> list[tuple[int, Recipe]]:
    """(first step, recipe) of every phase: one starts at 0 and wherever spans or image sizes change."""
    starts = sorted({0} | {start for start in {*freezing.changes(spans), *sizes} if 0 < start < total_steps})

    def at(start: int) -> Recipe:
        size = next((sizes[begin] for begin in sorted(sizes, reverse=True) if begin <= start), 0)
        trainable, moving = (freezing.moving(tree, start) for tree in spans)
        return replace(recipe, trainable=trainable, moving=moving, train_image_size=size)

    return [(start, at(start)) for start in starts]
