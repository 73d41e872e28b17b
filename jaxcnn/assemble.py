"""A config becomes what a training needs: the recipe of its step, its phases, its first variables."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxcnn import freezing, optimizers, schedules, tasks, train, train_state
from jaxcnn.cadence import Cadence, cadence
from jaxcnn.config import Config
from jaxcnn.console.terminal import say
from jaxcnn.data.for_run import Images
from jaxcnn.durations import steps
from jaxcnn.errors import UserError
from jaxcnn.models import construct
from jaxcnn.models.counts import Counts, count
from jaxcnn.parallel.devices import CompiledStep, Devices, job_devices
from jaxcnn.recipes import build_phases, build_recipe
from jaxcnn.runs import init_from, teacher
from jaxcnn.runtime import xla
from jaxcnn.seeds import key_of
from jaxcnn.tasks.checks import check_image_size, check_settings
from jaxcnn.tasks.taught import taught
from jaxcnn.train_state import DeviceDataset, Recipe, Streamed, TrainState
from jaxcnn.types import Tree

LARGE_BATCH, LARGE_IMAGE = 500, 96 * 96
"""Images per evaluation step if the training batch is smaller; fewer of more pixels than that, for their memory."""

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
    teacher: teacher.Teacher | None
    initialize: Any
    """Jitted: key -> {"params", "batch_stats"} of a newly initialized model."""

    def device_data(self) -> DeviceDataset:
        """What every step is given: all images, as one array for all splits, unless they are streamed."""
        return self.devices.replicate(self._host_data())

    def train_step_at(self, step: int) -> CompiledStep:
        """The train step of the phase of `step`; it computes no gradient for what is frozen then."""
        return next(phase.train_step for phase in reversed(self.phases) if phase.start <= step)

    def compile_ahead(self, step: int) -> None:
        """Starts to compile the train step of `step` in the background."""
        if step >= self.total_steps:
            return
        self.train_step_at(step).compile_ahead(self.abstract_state(), self._host_data(), self._chosen_shapes())

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
        return self.devices.replicate(self._state_of(variables, self.run_key))

    def learning_rates(self) -> np.ndarray:
        """The learning rate of every step."""
        multipliers = jax.jit(jax.vmap(self.schedule))(jnp.arange(self.total_steps))
        return self.config.optimizer.learning_rate * np.asarray(multipliers)

    @property
    def _init_key(self) -> jax.Array:
        return jax.random.split(key_of(self.config.seed))[0]

    @property
    def run_key(self) -> jax.Array:
        """The key of a state, from which a step draws."""
        return jax.random.split(key_of(self.config.seed))[1]

    @property
    def _state_of(self) -> Any:
        return jax.jit(partial(train_state.initial_state, self.recipe), compiler_options=ONCE)

    def abstract_state(self) -> TrainState:
        """Shapes, dtypes and shardings of a state."""
        shapes = self._state_of.eval_shape(self.initialize.eval_shape(self._init_key), self.run_key)
        return self.devices.replicated(shapes)

    def _chosen_shapes(self) -> Any:
        """Of the examples that a step receives."""
        indices, dataset = self.devices.split(np.zeros(self.config.batch_size, np.int32)), self.images.dataset
        if not dataset.streamed:
            return indices
        images, labels = (
            jax.ShapeDtypeStruct((*indices.shape, *array.shape[1:]), array.dtype)
            for array in (dataset.images, dataset.labels)
        )
        return Streamed(images, labels, indices)

    def _host_data(self) -> DeviceDataset:
        taught_by = self.teacher.variables if self.teacher else None
        dataset = self.images.dataset
        if dataset.streamed:
            return DeviceDataset(None, None, taught_by)
        return DeviceDataset(dataset.images, dataset.labels, taught_by)


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
    task = tasks.build(config, info, devices.axis, class_counts=images.class_counts)
    taught_by = teacher.read(config, task, info)
    if taught_by:
        task = taught(task, config.loss)
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
    recipe = replace(recipe, teach=taught_by.teach if taught_by else None)
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
        eval_batch=devices.round_up(max(config.batch_size, _large_batch(shape)), task.group),
        devices=devices,
        schedule=schedule,
        total_steps=total_steps,
        cadence=rhythm,
        counts=count(model, shape, shapes),
        teacher=taught_by,
        initialize=initialize,
    )


def _large_batch(shape: tuple[int, ...]) -> int:
    pixels = shape[0] * shape[1]
    return max(LARGE_BATCH * LARGE_IMAGE // max(pixels, LARGE_IMAGE), 1)
