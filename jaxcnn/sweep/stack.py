"""Many runs in one program: trainings that differ in numbers alone step together, by `vmap` over their states.

Each keeps a run folder of its own, as if it had been trained alone, and its numbers are those of that training up to
rounding. What differs between the runs enters the step as data; what does not stays a constant of the program.
"""

import functools
import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxcnn import fit, losses, metrics, optimizers, runtime, specs, train
from jaxcnn.assemble import Training, assemble, load_images
from jaxcnn.config import Config, flat, folder_of, to_dict
from jaxcnn.console.progress import Log, ProgressBar
from jaxcnn.console.signals import Stop, Stopped
from jaxcnn.errors import Diverged, UserError
from jaxcnn.runs.checkpoints import complete_steps
from jaxcnn.runs.folder import RunFolder
from jaxcnn.train import DeviceDataset, Recipe, TrainState

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
"""Models that a CPU trains faster in a stack: their starting and compiling cost more than their steps.

Seen on two cores, CPU time alone / in a stack: a step of softmax 1.14, of mlp 1.13, of convnet 0.80 (4 members; kernels
that differ between members become grouped convolutions); a whole run of neuron 5.1 (8 members, 9.1 s and 1.8 s).
"""

Numbers = dict[str, jax.Array]
"""Dotted setting -> its value in each member [M]."""


def stackable(config: Config) -> bool:
    phases = config.optimizer.unfreeze or config.optimizer.freeze_at
    one_phase_alone = not phases and not config.distributed.coordinator
    return specs.parse(config.model)[0] in MODELS and one_phase_alone


def stack_key(config: Config) -> str:
    """Equal for configs that can be stacked: the same but for seed and numbers, and standing at the same step."""
    settings = flat(to_dict(config))
    kinds = [None if settings[name] is None else settings[name] == 0 for name in NUMBERS]
    same = {name: value for name, value in settings.items() if name not in (*NUMBERS, "seed", "folder", "name")}
    return json.dumps([same, kinds, complete_steps(folder_of(config) / "checkpoints")[-1:]])


def train_together(configs: Sequence[Config]) -> dict[int, Diverged]:
    """Trains stackable configs, each in its folder; returns those whose loss was not finite, by their place.

    Raises: UserError for what the user can mend, Stopped after a signal.
    """
    began = time.monotonic()
    configs = [runtime.resolve_dtype(config) for config in configs]
    images = functools.cache(lambda seed: load_images(replace(configs[0], seed=seed)))
    trainings = functools.cache(lambda seed: assemble(replace(configs[0], seed=seed), images(seed)))
    pool = _pool([trainings(config.seed) for config in configs])
    evaluators = functools.cache(lambda loss: assemble(replace(configs[0], loss=loss), images(configs[0].seed)))
    with ExitStack() as opened, Stop() as stop:
        members = []
        for place, config in enumerate(configs):
            training = trainings(config.seed)
            folder = opened.enter_context(RunFolder(config))
            folder.write_or_check_data(training.images.info)
            folder.write_environment(f"{fit._describe_devices(training)}, one of {len(configs)} runs in one program")
            own = DeviceDataset(pool.images, pool.labels[place])
            parts = vars(training) | {"eval_step": evaluators(config.loss).eval_step}
            members.append(fit._Session(config, _Member(**parts, shared=own), folder, stop, began))
        return _Stack(members, pool).run_all()


@dataclass(frozen=True)
class _Member(Training):
    """A training whose images are already on the device."""

    shared: DeviceDataset

    def pool(self) -> DeviceDataset:
        return self.shared


def _pool(trainings: Sequence[Training]) -> DeviceDataset:
    """One copy of the images, and the labels of each member [M, N], which label noise draws by the seed.

    Raises: UserError if the members' images differ.
    """
    first = trainings[0]
    if any(training.images.info != first.images.info for training in trainings):
        raise UserError("runs on different images cannot be trained in one program: turn it off with --no-stack")
    labels = np.stack([training.images.dataset.labels for training in trainings])
    return first.devices.replicate(DeviceDataset(first.images.dataset.images, labels))


class _Stack(fit._Session):
    """The loop over steps of all members at once: what is written and judged, each member does for itself."""

    def __init__(self, members: list[fit._Session], pool: DeviceDataset) -> None:
        first = members[0]
        self.members, self.active = members, dict(enumerate(members))
        self.diverged: dict[int, Diverged] = {}
        self.config, self.stop, self.pool = first.config, first.stop, pool
        self.log_every, self.evaluate_every = first.log_every, first.evaluate_every
        self.checkpoint_every = first.checkpoint_every
        numbers = _numbers([member.config for member in members])
        step = _stacked_step(first.config, first.training)
        self.training = replace(first.training, train_step=functools.partial(_call, step, numbers))

    def run_all(self) -> dict[int, Diverged]:
        states = [member._begin() for member in self.members]
        begun_at = int(states[0].step)
        self.members[0]._announce(begun_at)
        state = self.training.devices.replicate(jax.tree.map(lambda *each: jnp.stack(each), *states))
        for member in self.members:
            member.log = Log(member.folder.path, begun_at, member.config.tensorboard)
        try:
            with ProgressBar(self.training.total_steps, begun_at, self.config.batch_size) as bar:
                for each in (self, *self.members):
                    each.bar = bar
                state = self._train(state, begun_at)
            self._each(lambda place, member: member.checkpoints.wait())
            share = (time.monotonic() - self.members[0].began) / len(self.members)
            for member in self.members:
                member.began = time.monotonic() - share  # the wall time of a member is its share of the stack's
            self._each(lambda place, member: member._finish(_take(state, place)))
        finally:
            for member in self.members:
                member.log.close()
        return self.diverged

    def _batches(self, begun_at: int):
        """(step, indices [devices, M, B / devices]); none are left when every member has diverged."""
        for batches in zip(*(member._batches(begun_at) for member in self.members), strict=True):
            if not self.active:
                return
            yield batches[0][0], np.stack([indices for _, indices in batches], axis=1)

    def _no_metrics(self) -> Any:
        empty = train.no_metrics()
        stacked = jax.tree.map(lambda x: jnp.broadcast_to(x, (len(self.members), *jnp.shape(x))), empty)
        return self.training.devices.replicate(stacked)

    def _show(self, step: int, sums: Any, asked_to_stop: Any) -> None:
        jax.block_until_ready(sums)
        seen = [metrics.summarize(_take(sums, place))["accuracy"] for place in self.active]
        self.bar.update(step, f"{len(seen)} runs, accuracy {min(seen, default=0):.2%} to {max(seen, default=0):.2%}")

    def _write(self, pending: tuple[int, Any] | None) -> None:
        if pending is None:
            return
        step, sums = pending[0], jax.tree.map(np.asarray, pending[1])
        self._each(lambda place, member: member._write((step, _take(sums, place))))

    def _pause_to_judge(self, step: int, state: TrainState, pending: Any) -> Any:
        if not any(self._due(step)):
            return pending
        self._write(pending)
        self._each(lambda place, member: member._pause_to_judge(step, _take(state, place), None))
        return None

    def _each(self, act: Callable[[int, fit._Session], Any]) -> None:
        """Acts on every member that goes on; one that diverges leaves, and one that stops lets the others save."""
        stopped: Stopped | None = None
        for place, member in list(self.active.items()):
            try:
                act(place, member)
            except Diverged as diverged:
                self.diverged[place] = diverged
                del self.active[place]
            except Stopped as received:
                stopped = received
        if stopped is not None:
            raise stopped


def _call(
    step: Callable[..., Any], numbers: Numbers, state: TrainState, pool: DeviceDataset, indices: np.ndarray
) -> Any:
    return step(state, numbers, pool, indices)


def _take(tree: Any, place: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[place], tree)


def _numbers(configs: Sequence[Config]) -> Numbers:
    """The settings in which the members differ."""
    values = {name: [flat(to_dict(config))[name] for config in configs] for name in NUMBERS}
    return {name: jnp.asarray(each, jnp.float32) for name, each in values.items() if len(set(each)) > 1}


def _stacked_step(config: Config, training: Training) -> Callable[..., Any]:
    """(state [M, ...], numbers [M], pool, indices [devices, M, B / devices]) -> the same as M steps."""

    def step(state: TrainState, numbers: Numbers, pool: DeviceDataset, indices: jax.Array) -> Any:
        recipe = _with(training.recipe, config, training, numbers, state.params)
        return train.train_step(recipe, state, pool, indices)

    over_members = jax.vmap(step, in_axes=(0, 0, DeviceDataset(images=None, labels=0), 0))  # type: ignore[arg-type]
    return training.devices.compile(over_members, shared=3, split=1, donate=(0,))


def _with(recipe: Recipe, config: Config, training: Training, numbers: Numbers, params: Any) -> Recipe:
    """The recipe of one member, whose `numbers` are traced."""
    chosen: dict[str, dict[str, jax.Array]] = {"optimizer": {}, "loss": {}}
    for name, value in numbers.items():
        group, setting = name.split(".")
        chosen[group][setting] = value
    optimizer = replace(config.optimizer, **chosen["optimizer"])  # type: ignore[arg-type]
    loss = replace(config.loss, **chosen["loss"])  # type: ignore[arg-type]
    built = optimizers.build(optimizer, training.schedule, params)
    return replace(recipe, optimizer=built, loss=losses.build(loss), penalties=loss)
