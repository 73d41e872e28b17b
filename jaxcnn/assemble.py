"""A config becomes what a training needs: the data on the devices, the recipe of a step, the first state."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from flax.errors import ScopeParamShapeError

from jaxcnn import augment, data, freezing, losses, optimizers, schedules, train
from jaxcnn.config import Config, DataConfig, steps
from jaxcnn.console.progress import say
from jaxcnn.errors import UserError
from jaxcnn.models import construct
from jaxcnn.models.counts import Counts, count
from jaxcnn.parallel.devices import Devices, job_devices
from jaxcnn.runs import init_from
from jaxcnn.runs.folder import DataInfo, input_shape, normalizer
from jaxcnn.train import DeviceDataset, Recipe, TrainState

WHITENED = 5000
"""Training images whose patches make whitening filters."""

LARGE_BATCH = 500
"""Images per evaluation step, if a training batch is smaller."""

ONCE = {"xla_backend_optimization_level": 1}
"""How a program that runs once is compiled: of resnet20's initial values in a twentieth of the time."""

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
        return self.dataset.train_size + np.arange(self.info.test)

    def pool(self) -> DeviceDataset:
        return DeviceDataset(self.dataset.images, self.dataset.labels)


@dataclass(frozen=True)
class Training:
    """Everything `fit` needs; the steps are compiled when they are first called."""

    images: Images
    recipe: Recipe
    devices: Devices
    schedule: optax.Schedule
    counts: Counts
    total_steps: int
    account: Mapping[str, Any]
    """What was taken from where, if not everything is initialized afresh."""
    initial_state: Callable[[], TrainState]
    train_step: Callable[..., Any]
    later_steps: tuple[tuple[int, Callable[..., Any]], ...]
    """(first step, train step) of every phase that begins when something is unfrozen or frozen, or images grow."""
    eval_step: Callable[..., Any]
    eval_batch: int

    def pool(self) -> DeviceDataset:
        """All images, on every device: one array, so that a step is compiled once for every split."""
        return self.devices.replicate(self.images.pool())

    def train_step_at(self, step: int) -> Callable[..., Any]:
        """The train step of the phase of `step`: the gradient is computed for what is not frozen then, and no more."""
        return _phase_at(step, self.train_step, self.later_steps)

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
        validation = min(validation, dataset.train_size // 10)
    return describe(dataset, replace(wanted, validation=validation), config.seed, fallback)


def clamp_batch_size(config: Config, images: Images) -> Config:
    """`config` with a smaller batch, if there are fewer images than in a batch because these stand in for others."""
    if not images.info.fallback or config.batch_size <= images.info.train:
        return config
    size = 2 ** (images.info.train.bit_length() - 1)
    say(f"WARNING: in batches of {size:,}, not {config.batch_size:,}: there are {images.info.train:,} images.")
    return replace(config, batch_size=size)


def describe(dataset: data.Dataset, settings: DataConfig, seed: int = 0, fallback: bool = False) -> Images:
    """Splits a data set in memory as `settings` say, by `seed`, and says what a run remembers of it.

    Raises: UserError for a split that it cannot give.
    """
    split = data.split(dataset, settings.validation, seed, settings.train)
    dataset = data.with_label_noise(dataset, split.train, settings.label_noise, seed)
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


def assemble(config: Config, images: Images, begin_at: int | None = None) -> Training:
    """Builds every part by its name; compiles the train step of `begin_at` ahead, if given, beside the initial values.

    Raises: UserError for names, options, shapes and sizes that do not fit together.
    """
    info = images.info
    if config.batch_size > info.train:
        raise UserError(f"batch_size {config.batch_size} is larger than the training set of {info.train} images")
    augmentation = augment.build(config.augment, len(info.label_names))
    augment.check(augmentation, info.image_shape)
    devices = job_devices(config.devices, config.batch_norm, config.batch_size, config.grad_accum_steps)
    model = construct.build(config.model, len(info.label_names), jnp.dtype(config.dtype))
    shape = input_shape(config, info)
    steps_per_epoch = info.train // config.batch_size
    total = steps(config.duration, steps_per_epoch)
    schedule = schedules.build(config.schedule, total, steps_per_epoch)
    init_key, run_key = jax.random.split(jax.random.key(config.seed))
    initialize = jax.jit(lambda key: train.initial_variables(model, key, shape), compiler_options=ONCE)
    normalize = normalizer(config, info)

    def first_variables() -> tuple[Any, Mapping[str, Any]]:
        variables, account = init_from.start(config, model, initialize(init_key))
        if not config.init.whiten:
            return variables, account
        first = images.dataset.train_images[images.split.train[:WHITENED]]
        return init_from.whiten(config.init.whiten, first, normalize, variables), account

    shapes = initialize.eval_shape(init_key)
    params, batch_stats = shapes["params"], shapes["batch_stats"]

    def when(duration: str) -> int:
        return steps(duration, steps_per_epoch, total)

    spans = freezing.spans(config.optimizer, params, batch_stats, when)
    sizes = {when(begin): _fitting(side, model, shape, shapes) for begin, side in config.image_sizes}
    recipe = Recipe(
        model=model,
        optimizer=optimizers.build(config.optimizer, schedule, params, spans[0]),
        loss=losses.build(config.loss),
        penalties=config.loss,
        trainable=freezing.moving(spans[0], 0),
        optimized=freezing.ever(spans[0]),
        moving=freezing.moving(spans[1], 0),
        decay_weights=optimizers.decay_weights(config.optimizer, params),
        augment=augmentation,
        normalize=normalize,
        steps_per_epoch=steps_per_epoch,
        axis=devices.axis,
        grad_accum_steps=config.grad_accum_steps,
        ema=config.ema,
        tta=config.tta,
        total_steps=total if "progress" in inspect.signature(model).parameters else 0,
        side=sizes.get(0, 0),
    )

    if not any(jax.tree.leaves(recipe.trainable)):
        raise UserError("all parameters are frozen at the first step: nothing would train")

    def compiled(phase: Recipe) -> Callable[..., Any]:
        return devices.compile(partial(train.train_step, phase), shared=2, split=1, donate=(0,))

    starts = sorted(start for start in {*freezing.changes(spans), *sizes} if 0 < start < total)
    phases = [_phase(recipe, spans, sizes, start) for start in starts]

    first_phase = compiled(recipe)
    later = tuple((start, compiled(phase)) for start, phase in zip(starts, phases, strict=True))
    state_of = jax.jit(partial(train.initial_state, recipe), compiler_options=ONCE)
    if begin_at is not None and begin_at < total:
        first = np.zeros(config.batch_size, np.int32)
        arguments = state_of.eval_shape(shapes, run_key), images.pool(), devices.split(first)
        _phase_at(begin_at, first_phase, later).compile_ahead(*arguments)
    variables, account = first_variables()
    ready = [variables]

    def initial_state() -> TrainState:
        # Handed over: a training that kept what it began with would hold its parameters once more.
        return devices.replicate(state_of(ready.pop() if ready else first_variables()[0], run_key))

    def eval_step(variables: Any, pool: DeviceDataset, indices: jax.Array, mask: jax.Array) -> Any:
        return train.eval_step(recipe, variables, pool, indices, mask)

    return Training(
        images=images,
        recipe=recipe,
        devices=devices,
        schedule=schedule,
        counts=count(model, shape, shapes),
        total_steps=total,
        account=account,
        initial_state=initial_state,
        train_step=first_phase,
        later_steps=later,
        eval_step=devices.compile(eval_step, shared=2, split=2),
        eval_batch=devices.round_up(max(config.batch_size, LARGE_BATCH)),
    )


def _phase_at(step: int, first: Any, later: tuple[tuple[int, Any], ...]) -> Any:
    return next((phase for start, phase in reversed(later) if start <= step), first)


def _fitting(side: int, model: nn.Module, shape: tuple[int, ...], variables: Any) -> int:
    """`side`, if the model takes images of that size with the variables it has.

    Raises: UserError if it does not.
    """
    images = jax.ShapeDtypeStruct((1, side, side, shape[-1]), jnp.float32)
    try:
        jax.eval_shape(partial(model.apply, train=False), variables, images)
    except (UserError, ScopeParamShapeError, ValueError, TypeError) as error:
        raise UserError(f"image_sizes: the model does not take images of {side} x {side}: {error}") from None
    return side


def _phase(recipe: Recipe, spans: tuple[Any, Any], sizes: Mapping[int, int], start: int) -> Recipe:
    """The recipe of the phase that begins at step `start`."""
    side = next((sizes[begin] for begin in sorted(sizes, reverse=True) if begin <= start), 0)
    trainable, moving = (freezing.moving(tree, start) for tree in spans)
    return replace(recipe, trainable=trainable, moving=moving, side=side)
