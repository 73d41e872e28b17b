"""A config becomes what a training needs: the data on the devices, the recipe of a step, the first state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxcnn import augment, data, losses, optimizers, schedules, train
from jaxcnn.config import Config, steps
from jaxcnn.errors import UserError
from jaxcnn.models import construct
from jaxcnn.models.counts import Counts, count
from jaxcnn.parallel import Devices, local_devices
from jaxcnn.run import DataInfo, normalizer
from jaxcnn.tracking import say
from jaxcnn.train import Pool, Recipe, TrainState

LARGE_BATCH = 500
"""Images per evaluation step, if a training batch is smaller."""

PUBLISHED = {"cifar10": (data.CIFAR10_MEAN, data.CIFAR10_STD)}
"""Mean and standard deviation that everybody uses; of other data sets they are computed from the training images."""


@dataclass(frozen=True)
class Images:
    """A data set, split, and what a run remembers of it."""

    dataset: data.Dataset
    split: data.Split
    info: DataInfo

    @property
    def test(self) -> np.ndarray:
        """Indices of the test images in the pool, which holds the training images before them."""
        return len(self.dataset.train_labels) + np.arange(self.info.test)


@dataclass(frozen=True)
class Training:
    """Everything `fit` needs; the steps are compiled when they are first called."""

    images: Images
    recipe: Recipe
    devices: Devices
    schedule: optax.Schedule
    counts: Counts
    total_steps: int
    initial_state: Callable[[], TrainState]
    train_step: Callable[..., Any]
    eval_step: Callable[..., Any]
    eval_batch: int

    def pool(self) -> Pool:
        """All images, on every device: one array, so that a step is compiled once for every split."""
        dataset = self.images.dataset
        images = np.concatenate([dataset.train_images, dataset.test_images])
        return self.devices.replicate(Pool(images, np.concatenate([dataset.train_labels, dataset.test_labels])))

    def multipliers(self) -> np.ndarray:
        """The schedule's value at every step."""
        return np.asarray(jax.jit(jax.vmap(self.schedule))(jnp.arange(self.total_steps)))


def load_images(config: Config) -> Images:
    """The data of a config; only a config that names a fallback goes on without it, loudly."""
    wanted, validation = config.data, config.data.validation
    try:
        dataset, fallback = data.load(wanted.name, classes=wanted.classes), False
    except data.MissingData as error:
        if not wanted.fallback:
            raise
        say(f"WARNING: {error}\nWARNING: training on {wanted.fallback!r} instead: its numbers say nothing of others.")
        dataset, fallback = data.load(wanted.fallback), True
        validation = min(validation, len(dataset.train_labels) // 10)
    return describe(dataset, validation, config.seed, fallback)


def describe(dataset: data.Dataset, validation: int, seed: int = 0, fallback: bool = False) -> Images:
    """Splits a data set in memory, `validation` images held out by `seed`, and says what a run remembers of it.

    Raises: UserError for a validation split that it cannot give.
    """
    split = data.split(dataset, validation, seed)
    mean, std = PUBLISHED.get(dataset.name) or data.statistics(dataset)
    info = DataInfo(
        name=dataset.name,
        version=dataset.version,
        digest=dataset.digest,
        image_shape=tuple(dataset.image_shape),
        label_names=tuple(dataset.label_names),
        mean=tuple(map(float, mean)),
        std=tuple(map(float, std)),
        train=len(split.train),
        validation=len(split.validation),
        test=len(dataset.test_labels),
        fallback=fallback,
    )
    return Images(dataset, split, info)


def assemble(config: Config, images: Images) -> Training:
    """Builds every part by its name.

    Raises: UserError for names, options, shapes and sizes that do not fit together.
    """
    info = images.info
    if config.batch_size > info.train:
        raise UserError(f"batch_size {config.batch_size} is larger than the training set of {info.train} images")
    augmentation = augment.build(config.augment)
    augment.check(augmentation, info.image_shape)
    devices = local_devices(config.devices, config.batch_norm, config.batch_size, config.accumulate)
    model = construct.build(config.model, len(info.label_names), jnp.dtype(config.dtype))
    counts = count(model, info.image_shape)

    steps_per_epoch = info.train // config.batch_size
    total = steps(config.duration, steps_per_epoch)
    schedule = schedules.build(config.schedule, total, steps_per_epoch)
    init_key, run_key = jax.random.split(jax.random.key(config.seed))
    variables = jax.jit(lambda key: train.initial_variables(model, key, info.image_shape))(init_key)
    recipe = Recipe(
        model=model,
        optimizer=optimizers.build(config.optimizer, schedule, variables["params"]),
        loss=losses.build(config.loss),
        penalties=config.loss,
        trainable=optimizers.trainable(config.optimizer, variables["params"]),
        decay_weights=optimizers.decay_weights(config.optimizer, variables["params"]),
        augment=augmentation,
        normalize=normalizer(config, info),
        steps_per_epoch=steps_per_epoch,
        axis=devices.axis,
        accumulate=config.accumulate,
        ema=config.ema,
        views=config.views,
    )

    def train_step(state: TrainState, pool: Pool, indices: jax.Array) -> Any:
        return train.train_step(recipe, state, pool, indices)

    def eval_step(variables: Any, pool: Pool, indices: jax.Array, mask: jax.Array) -> Any:
        return train.eval_step(recipe, variables, pool, indices, mask)

    return Training(
        images=images,
        recipe=recipe,
        devices=devices,
        schedule=schedule,
        counts=counts,
        total_steps=total,
        initial_state=lambda: devices.replicate(train.initial_state(recipe, variables, run_key)),
        train_step=devices.compile(train_step, shared=2, split=1, donate=(0,)),
        eval_step=devices.compile(eval_step, shared=2, split=2),
        eval_batch=devices.round_up(max(config.batch_size, LARGE_BATCH)),
    )
