"""Many runs in one program: trainings that differ only in numbers step together, by `vmap` over their states.

Each keeps its own run folder, and its results equal those of a training in its own process up to rounding. Settings
that differ between the runs enter the step as data; the others are constants of the program.
"""

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxcnn import fit, freezing, optimizers, specs, tasks, train, train_state
from jaxcnn.assemble import Training, assemble, resolve
from jaxcnn.clock import Clock
from jaxcnn.config import Config, folder_of
from jaxcnn.config_json import flat, to_dict
from jaxcnn.console.progress import ProgressBar
from jaxcnn.console.signals import Stop
from jaxcnn.data.for_run import load_images
from jaxcnn.errors import Diverged, UserError
from jaxcnn.recorder import Recorder
from jaxcnn.runs.folder import RunFolder
from jaxcnn.runs.steps import latest_step
from jaxcnn.runtime import xla
from jaxcnn.tasks.task import summarize
from jaxcnn.train_state import DeviceDataset, Recipe, TrainState

NUMBERS = (
    "optimizer.learning_rate",
    "optimizer.weight_decay",
    "optimizer.momentum",
    "loss.smoothing",
    "loss.l1",
    "loss.l2",
)
"""Settings that may differ within a stack, besides the seed."""

MODELS = ("neuron", "softmax", "mlp")
"""Models that a CPU trains faster in a stack, because starting and compiling cost more than their steps.

Measured on two cores, CPU time in separate processes / in a stack: a step of softmax 1.14, of mlp 1.13, of convnet 0.80
(4 members; kernels that differ between members become grouped convolutions); a whole run of neuron 5.1 (8 members).
"""

Numbers = dict[str, jax.Array]
"""Dotted setting -> its value in each member [M]."""


def stackable(config: Config) -> bool:
    phases = config.optimizer.unfreeze or config.optimizer.freeze_at
    single_phase = not phases and not config.distributed.coordinator
    streamed = config.data.stream == "always" or config.data.train_crop
    single = config.watch or config.loss.teacher or config.loss.class_weights or streamed
    return specs.parse(config.model)[0] in MODELS and single_phase and not single


def stack_key(config: Config) -> str:
    """Equal for runs that can be stacked: the same config except for seed and numbers, at the same step."""
    settings = flat(to_dict(config))
    kinds = [None if settings[name] is None else settings[name] == 0 for name in NUMBERS]
    same = {name: value for name, value in settings.items() if name not in (*NUMBERS, "seed", "folder", "name")}
    return json.dumps([same, kinds, latest_step(folder_of(config) / "checkpoints")])


def train_together(configs: Sequence[Config]) -> dict[int, Diverged]:
    """Trains configs with equal keys, each in its folder; returns those whose loss was not finite, by their index.

    Raises: UserError for what the user can fix, Stopped after a signal.
    """
    with jax.enable_x64(False):  # as in `fit`
        return _train_together(configs)


def _train_together(configs: Sequence[Config]) -> dict[int, Diverged]:
    xla.require_backend()
    clock = Clock()
    images = functools.cache(lambda seed: load_images(replace(configs[0], seed=seed)))
    configs = [resolve(config, images(config.seed)) for config in configs]
    trainings = functools.cache(lambda seed: assemble(replace(configs[0], seed=seed), images(seed)))
    evaluators = functools.cache(lambda loss: assemble(replace(configs[0], loss=loss), images(configs[0].seed)))
    data = _stacked_data([trainings(config.seed) for config in configs])
    members = [
        replace(trainings(config.seed), config=config, eval_step=evaluators(config.loss).eval_step)
        for config in configs
    ]
    starts = [fit.new_start(member) for member in members]
    with ExitStack() as opened, Stop() as stop:
        recorders = []
        for index, training in enumerate(members):
            folder = opened.enter_context(RunFolder(training.config))
            folder.write_or_check_data(training.images.info)
            devices = fit.describe_devices(training)
            folder.write_environment(f"{devices}, one of {len(configs)} runs in one program")
            recorders.append(Recorder(training, folder, DeviceDataset(data.images, data.labels[index])))
        states = [fit.first_state(recorder, start) for recorder, start in zip(recorders, starts, strict=True)]
        return _train(StackRecorder(recorders), states, data, opened, stop, clock)


def _train(
    stack: "StackRecorder",
    states: Sequence[TrainState],
    data: DeviceDataset,
    opened: ExitStack,
    stop: Stop,
    clock: Clock,
) -> dict[int, Diverged]:
    first, devices = stack.members[0].training, stack.members[0].training.devices
    begin_at = int(states[0].step)
    fit.announce(first, stack.members[0].folder, begin_at)
    state = devices.replicate(jax.tree.map(lambda *each: jnp.stack(each), *states))
    bar = opened.enter_context(ProgressBar(first.total_steps, begin_at, first.config.batch_size))
    for member in stack.members:
        opened.enter_context(member.open(begin_at, bar, clock, share=1 / len(stack.members)))
    step = _stacked_step(first, _numbers([member.config for member in stack.members]), data)
    state = fit.train_steps(state, stack.batches(begin_at), lambda _: step, stack, stop, devices)
    stack.saved(first.total_steps)
    stack.finish(state, functools.partial(fit.heed, stop, stack, devices))
    return stack.diverged


def _stacked_data(trainings: Sequence[Training]) -> DeviceDataset:
    """One copy of the images, and the labels of each member [M, N], because label noise depends on the seed.

    Raises: UserError if the members' images differ.
    """
    first = trainings[0]
    if first.images.dataset.streamed or any(training.images.info != first.images.info for training in trainings):
        raise UserError("runs on different or streamed images cannot be trained in one program: use --no-stack")
    labels = np.stack([training.images.dataset.labels for training in trainings])
    return first.devices.replicate(DeviceDataset(first.images.dataset.images, labels))


class StackRecorder:
    """The recorders of the members of a stack: each does for its own run what the loop asks of all."""

    def __init__(self, members: Sequence[Recorder]) -> None:
        self.members, self.active = members, dict(enumerate(members))
        self.cadence = members[0].cadence
        self.diverged: dict[int, Diverged] = {}

    def batches(self, begin_at: int) -> Iterator[tuple[int, np.ndarray]]:
        """(step, indices [devices, M, B / devices]); ends when every member has diverged."""
        for each in zip(*(fit.batches(member.training, begin_at) for member in self.members), strict=True):
            if not self.active:
                return
            yield each[0][0], np.stack([indices for _, indices in each], axis=1)

    def waited(self, seconds: float) -> None:
        """Resident images are not waited for."""

    def show(self, step: int, sums: Any) -> None:
        jax.block_until_ready(sums)
        task = self.members[0].task
        losses = [summarize(task, _take(sums, index))["loss"] for index in self.active]
        text = f"{len(losses)} runs, loss {min(losses, default=0):.3f} to {max(losses, default=0):.3f}"
        self.members[0].bar.update(step, text)

    def log(self, step: int, sums: Any) -> None:
        sums = jax.tree.map(np.asarray, sums)
        self._each(lambda index, member: member.log(step, _take(sums, index)))

    def evaluate_and_checkpoint(self, step: int, state: TrainState, evaluate: bool, save: bool) -> None:
        self._each(lambda index, member: member.evaluate_and_checkpoint(step, _take(state, index), evaluate, save))

    def watch(self, step: int, state: TrainState) -> None:
        """A run that is watched is in no stack."""

    def no_metrics(self) -> Any:
        empty = train_state.no_metrics(self.members[0].training.recipe)
        stacked = jax.tree.map(lambda x: jnp.broadcast_to(x, (len(self.members), *jnp.shape(x))), empty)
        return self.members[0].training.devices.replicate(stacked)

    def saved(self, step: int) -> str:
        for member in self.active.values():
            member.saved(step)
        return str(self.members[0].folder.path)

    def finish(self, state: TrainState, heed: Callable[[], None]) -> None:
        self._each(lambda index, member: member.finish(_take(state, index), heed))

    def _each(self, act: Callable[[int, Recorder], Any]) -> None:
        """Acts on every active member; one that diverges leaves the stack."""
        for index, member in list(self.active.items()):
            try:
                act(index, member)
            except Diverged as diverged:
                self.diverged[index] = diverged
                del self.active[index]


def _take(tree: Any, place: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[place], tree)


def _numbers(configs: Sequence[Config]) -> Numbers:
    """The settings in which the members differ."""
    values = {name: [flat(to_dict(config))[name] for config in configs] for name in NUMBERS}
    return {name: jnp.asarray(each, jnp.float32) for name, each in values.items() if len(set(each)) > 1}


def _stacked_step(training: Training, numbers: Numbers, data: DeviceDataset) -> Callable[..., Any]:
    """(state [M, ...], indices [devices, M, B / devices]) -> the same as M steps."""
    spans = freezing.static_spans(training.config.optimizer, training.abstract_state().params)

    def step(state: TrainState, numbers: Numbers, data: DeviceDataset, indices: jax.Array) -> Any:
        recipe = _with(training, numbers, state.params, spans)
        return train.train_step(recipe, state, data, indices)

    in_axes: Any = (0, 0, DeviceDataset(images=None, labels=0), 0)  # type: ignore[arg-type]
    compiled = training.devices.compile(jax.vmap(step, in_axes=in_axes), shared=3, split=1, donate=(0,))
    return lambda state, indices: compiled(state, numbers, data, indices)


def _with(training: Training, numbers: Numbers, params: Any, spans: Any) -> Recipe:
    """The recipe of one member, whose `numbers` are traced."""
    config = training.config
    chosen: dict[str, dict[str, jax.Array]] = {"optimizer": {}, "loss": {}}
    for name, value in numbers.items():
        group, setting = name.split(".")
        chosen[group][setting] = value
    optimizer = replace(config.optimizer, **chosen["optimizer"])  # type: ignore[arg-type]
    loss = replace(config.loss, **chosen["loss"])  # type: ignore[arg-type]
    built = optimizers.build(optimizer, training.schedule, params, spans)
    task = tasks.build(config, training.images.info, training.devices.axis, loss)
    return replace(training.recipe, optimizer=built, task=task, penalties=loss)
