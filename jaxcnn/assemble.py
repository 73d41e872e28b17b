"""A config becomes what a training needs: the recipe of its step, its phases, its first variables."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from jaxcnn import augment, freezing, optimizers, schedules, tasks, train, train_state
from jaxcnn.cadence import Cadence, cadence
from jaxcnn.config import Config
from jaxcnn.console.terminal import say
from jaxcnn.data.for_run import Images
from jaxcnn.data.preprocess import normalizer
from jaxcnn.durations import steps
from jaxcnn.errors import UserError
from jaxcnn.models import construct
from jaxcnn.models.counts import Counts, count
from jaxcnn.parallel.devices import CompiledStep, Devices, job_devices
from jaxcnn.runs import init_from
from jaxcnn.runtime import xla
from jaxcnn.seeds import key_of
from jaxcnn.tasks import Task
from jaxcnn.tasks.checks import check_image_size, check_settings
from jaxcnn.tasks.task import empty_sums
from jaxcnn.train_state import DeviceDataset, Recipe, TrainState
from jaxcnn.types import Tree

LARGE_BATCH = 500
"""Images per evaluation step if the training batch is smaller."""

ONCE = {"xla_backend_optimization_level": 1}
"""Compiler options for programs that run once; compiling ResNet-20's initialization takes 1/20 of the time."""


@dataclass(frozen=True)
class Phase:
    """The train step from step `start` until the next phase starts: something is frozen, unfrozen or resized then."""

    start: int
    train_step: CompiledStep


@dataclass(frozen=True)
class Training:
    """Everything `fit` needs; the steps are compiled when they are first called."""

    config: Config
    images: Images
    recipe: Recipe
    phases: tuple[Phase, ...]
    eval_step: CompiledStep
    eval_batch: int
    devices: Devices
    schedule: optax.Schedule
    total_steps: int
    cadence: Cadence
    counts: Counts
    initialize: Any
    """Jitted: key -> {"params", "batch_stats"} of a newly initialized model."""

    def device_data(self) -> DeviceDataset:
        """All images on every device, as one array, so that a step is compiled once for all splits."""
        return self.devices.replicate(self._host_data())

    def train_step_at(self, step: int) -> CompiledStep:
        """The train step of the phase of `step`; it computes no gradient for what is frozen then."""
        return next(phase.train_step for phase in reversed(self.phases) if phase.start <= step)

    def compile_ahead(self, step: int) -> None:
        """Starts to compile the train step of `step` in the background."""
        if step >= self.total_steps:
            return
        indices = self.devices.split(np.zeros(self.config.batch_size, np.int32))
        self.train_step_at(step).compile_ahead(self.abstract_state(), self._host_data(), indices)

    def initial_variables(self) -> tuple[Tree, Mapping[str, Any]]:
        """The variables at step 0, and a report of those that were loaded (empty if none were).

        Raises: UserError if `init.source`, `init.restore` or `init.whiten` does not fit the model.
        """
        variables, report = init_from.start(self.config, self.recipe.model, self.initialize(self._init_key))
        if self.config.init.whiten:
            images = self.images.dataset.train_images[self.images.split.train[: init_from.WHITENED]]
            variables = init_from.whiten(self.config.init.whiten, images, self.recipe.normalize, variables)
        return variables, report

    def initial_state(self, variables: Tree | None = None) -> TrainState:
        """The state at step 0. The caller hands `variables` over: a reference kept would double their memory."""
        variables = self.initial_variables()[0] if variables is None else variables
        return self.devices.replicate(self._state_of(variables, self._run_key))

    def learning_rates(self) -> np.ndarray:
        """The learning rate of every step."""
        multipliers = jax.jit(jax.vmap(self.schedule))(jnp.arange(self.total_steps))
        return self.config.optimizer.learning_rate * np.asarray(multipliers)

    @property
    def _init_key(self) -> jax.Array:
        return jax.random.split(key_of(self.config.seed))[0]

    @property
    def _run_key(self) -> jax.Array:
        return jax.random.split(key_of(self.config.seed))[1]

    @property
    def _state_of(self) -> Any:
        return jax.jit(partial(train_state.initial_state, self.recipe), compiler_options=ONCE)

    def abstract_state(self) -> TrainState:
        """Shapes, dtypes and shardings of a state."""
        shapes = self._state_of.eval_shape(self.initialize.eval_shape(self._init_key), self._run_key)
        return self.devices.replicated(shapes)

    def _host_data(self) -> DeviceDataset:
        return DeviceDataset(self.images.dataset.images, self.images.dataset.labels)


def resolve(config: Config, images: Images) -> Config:
    """`config` with everything decided that it leaves to the machine and the data."""
    dtype = xla.fastest_dtype() if config.dtype == "auto" else config.dtype
    return clamp_batch_size(replace(config, dtype=dtype), images)


def clamp_batch_size(config: Config, images: Images) -> Config:
    """`config` with a smaller batch if a fallback data set stands in and has fewer images than a batch."""
    if not images.info.fallback or config.batch_size <= images.info.train:
        return config
    size = 2 ** (images.info.train.bit_length() - 1)
    say(f"WARNING: batch size {size:,} instead of {config.batch_size:,}: there are only {images.info.train:,} images.")
    return replace(config, batch_size=size)


def assemble(config: Config, images: Images) -> Training:
    """Builds every part of a training by its name.

    Raises: UserError for names, options, shapes and sizes that do not fit together.
    """
    info = images.info
    if config.batch_size > info.train:
        raise UserError(f"batch_size {config.batch_size} is larger than the training set of {info.train} images")
    devices = job_devices(config.devices, config.batch_norm, config.batch_size, config.grad_accum_steps)
    task = tasks.build(config, info, devices.axis)
    model = construct.build(config.model, task.output_shape[-1], jnp.dtype(config.dtype))
    shape = tasks.network_input(config, task)
    check_settings(config, task, model, shape, devices.count)
    initialize = jax.jit(lambda key: train_state.initial_variables(model, key, shape), compiler_options=ONCE)
    shapes = initialize.eval_shape(key_of(0))
    steps_per_epoch = info.train // config.batch_size
    total_steps = steps(config.duration, steps_per_epoch)
    if total_steps < 1:
        raise UserError(
            f"the duration {config.duration!r} has not a single step, of {steps_per_epoch:,} an epoch: train longer"
        )
    rhythm = cadence(config, steps_per_epoch, total_steps, info.validation > 0)

    def when(duration: str) -> int:
        return steps(duration, steps_per_epoch, total_steps)

    spans = freezing.spans(config.optimizer, shapes["params"], shapes["batch_stats"], when)
    sizes = {when(begin): check_image_size(size, model, shape, shapes) for begin, size in config.image_sizes}
    schedule = schedules.build(config.schedule, total_steps, steps_per_epoch)
    optimizer = optimizers.build(config.optimizer, schedule, shapes["params"], spans[0])
    recipe = build_recipe(config, images, task, model, optimizer, shapes["params"], spans, devices.axis, total_steps)
    phases = build_phases(recipe, spans, sizes, total_steps)
    if not any(jax.tree.leaves(phases[0][1].trainable)):
        raise UserError("all parameters are frozen at the first step: nothing would train")

    def compiled(recipe: Recipe) -> CompiledStep:
        return devices.compile(partial(train.train_step, recipe), shared=2, split=1, donate=(0,))

    return Training(
        config=config,
        images=images,
        recipe=recipe,
        phases=tuple(Phase(start, compiled(phase)) for start, phase in phases),
        eval_step=devices.compile(partial(train.eval_step, recipe), shared=2, split=2),
        eval_batch=devices.round_up(max(config.batch_size, LARGE_BATCH), task.group),
        devices=devices,
        schedule=schedule,
        total_steps=total_steps,
        cadence=rhythm,
        counts=count(model, shape, shapes),
        initialize=initialize,
    )


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
