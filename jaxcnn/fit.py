"""The loop: data -> compiled steps -> run folder; the only place with a `for` over steps."""

import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import jax

from jaxcnn import feed
from jaxcnn.assemble import Training, assemble, resolve
from jaxcnn.clock import Clock
from jaxcnn.config import Config, folder_of
from jaxcnn.console.progress import ProgressBar
from jaxcnn.console.signals import Stop, Stopped
from jaxcnn.console.terminal import say
from jaxcnn.data.for_run import load_images
from jaxcnn.parallel.devices import Devices
from jaxcnn.recorder import Recorder, Records
from jaxcnn.runs.folder import RunFolder
from jaxcnn.runs.steps import latest_step
from jaxcnn.runtime import memory, xla
from jaxcnn.train_state import DeviceDataset, TrainState
from jaxcnn.types import Tree

Batches = Iterable[tuple[int, feed.Batch]]
"""(step after the update, what it is of)."""

IN_FLIGHT = 2
"""Maximum number of steps in flight: enough to keep the device busy, few enough for an honest progress bar."""


def fit(config: Config) -> dict[str, Any]:
    """Trains what `config` describes in its run folder, resuming if it was interrupted; returns the summary.

    In 32 bits, whatever JAX_ENABLE_X64 says: in 64, the same seeds would give other numbers.
    Raises: UserError for what the user can fix, Stopped after a signal.
    """
    with jax.enable_x64(False):
        return _fit(config)


def _fit(config: Config) -> dict[str, Any]:
    xla.require_backend()
    clock = Clock()
    memory.huge_pages(False)  # until the first step is compiled
    images = load_images(config)
    config = resolve(config, images)
    training = assemble(config, images)
    training.compile_ahead(_resume_at(config) or 0)
    start = new_start(training)
    with RunFolder(config, training.devices.is_primary) as folder, Stop() as stop:
        folder.write_or_check_data(images.info)
        folder.write_or_check_teacher(training.teacher.report if training.teacher else {})
        folder.write_environment(describe_devices(training))
        training.devices.barrier("run_folder_created")
        folder.check_visible()
        recorder = Recorder(training, folder, training.device_data())
        state = first_state(recorder, start)
        del start
        step = int(state.step)
        announce(training, folder, step)
        with ProgressBar(training.total_steps, step, config.batch_size) as bar, recorder.open(step, bar, clock):
            step_at = _with_data(training, recorder.data)
            if not step:
                recorder.watch(step, state)
            state = train_steps(state, batches(training, step), step_at, recorder, stop, training.devices)
            recorder.saved(step)
            return recorder.finish(state, partial(heed, stop, recorder, training.devices))


def new_start(training: Training) -> tuple[Tree, Any] | None:
    """What a new run starts from, so that errors in it come before the folder is made; None for one that resumes."""
    return training.initial_variables() if _resume_at(training.config) is None else None


def _resume_at(config: Config) -> int | None:
    return latest_step(folder_of(config) / "checkpoints")


def first_state(recorder: Recorder, start: tuple[Tree, Any] | None) -> TrainState:
    """Where a run starts: at its latest checkpoint; else from `init.source`; else from newly initialized weights."""
    training, checkpoints = recorder.training, recorder.checkpoints
    if recorder.config.resume == "latest_valid":
        for step, problem in checkpoints.set_aside_damaged(training.abstract_state()._asdict()).items():
            say(f"WARNING: {problem}\nWARNING: moved step {step:,} to {recorder.folder.path / 'damaged'}")
    latest = checkpoints.latest
    if latest is not None:
        return TrainState(**checkpoints.restore(training.abstract_state()._asdict(), latest))
    variables, report = start or training.initial_variables()
    recorder.folder.write_or_check_init(report)
    return training.initial_state(variables)


def train_steps(
    state: TrainState,
    batches: Batches,
    step_at: Callable[[int], Callable[..., tuple[TrainState, Tree]]],
    records: Records,
    stop: Stop,
    devices: Devices,
) -> TrainState:
    """Steps through `batches`; logs, evaluates, saves and stops when it is time to."""
    cadence = records.cadence
    in_flight: deque[tuple[int, Tree, Any]] = deque()
    unlogged: list[tuple[int, Tree]] = []
    stopping = False
    for step, chosen in _timed(batches, records):
        state, sums = step_at(step - 1)(state, chosen)
        in_flight.append((step, sums, devices.any_process(stop.received is not None)))
        if len(in_flight) > IN_FLIGHT:
            stopping = _show(records, *in_flight.popleft())
        if devices.single_process:  # several processes stop at a step that all of them know of, a little later
            stopping = stop.received is not None
        if cadence.logs(step):
            _log(records, unlogged)
            unlogged.append((step, sums))
            state = state._replace(metrics=records.no_metrics())
        records.watch(step, state)
        if cadence.evaluates(step) or cadence.saves(step) or stopping:
            _log(records, unlogged)
            save = cadence.saves(step) or stopping
            records.evaluate_and_checkpoint(step, state, cadence.evaluates(step), save)
        if stopping and step < cadence.total:
            raise _stopped(stop, records, step)
    _log(records, unlogged)
    while in_flight:
        _show(records, *in_flight.popleft())
    return state


def _timed(batches: Batches, records: Records) -> Iterator[tuple[int, feed.Batch]]:
    """The batches; tells how long the loop waited for each."""
    source = iter(batches)
    while True:
        began = time.monotonic()
        batch = next(source, None)
        records.waited(time.monotonic() - began)
        if batch is None:
            return
        yield batch


def heed(stop: Stop, records: Records, devices: Devices) -> None:
    """Raises: Stopped if a process of the run was asked to stop after its last step, while it is evaluated."""
    if bool(devices.any_process(stop.received is not None)):
        raise _stopped(stop, records, records.cadence.total)


def batches(training: Training, begin_at: int) -> Batches:
    """The batches from step `begin_at` on."""
    return feed.training_batches(training, begin_at)


def announce(training: Training, folder: RunFolder, step: int) -> None:
    """Tells the user what is about to be trained, and on what."""
    info, counts, config = training.images.info, training.counts, training.config
    splits = f"{info.train:,} train, {info.validation:,} validation, {info.test:,} test"
    epochs = training.total_steps / training.recipe.steps_per_epoch
    say(f"model   {config.model}: {counts.parameters:,} parameters, {counts.macs:,} MACs per image")
    say(f"data    {info.name} {info.version} ({info.digest}): {splits}")
    say(f"device  {describe_devices(training)}, {config.dtype}")
    say(f"steps   {training.total_steps:,} of {config.batch_size} images ({epochs:.4g} epochs), seed {config.seed}")
    if step:
        say(f"resumed at step {step:,} from {folder.checkpoints}")


def describe_devices(training: Training) -> str:
    first = training.devices.devices[0]
    return f"{training.devices.count} x {first.device_kind} ({first.platform})"


def _with_data(training: Training, data: DeviceDataset) -> Callable[[int], Callable[..., Any]]:
    """Step number -> (state, batch) -> (state, sums)."""
    return lambda step: lambda state, chosen: training.train_step_at(step)(state, data, chosen)


def _show(records: Records, step: int, sums: Tree, asked_to_stop: Any) -> bool:
    """Shows a step; returns whether a process was asked to stop by then."""
    records.show(step, sums)
    return bool(asked_to_stop)


def _log(records: Records, unlogged: list[tuple[int, Tree]]) -> None:
    for step, sums in unlogged:
        records.log(step, sums)
    unlogged.clear()


def _stopped(stop: Stop, records: Records, step: int) -> Stopped:
    folder = records.saved(step)
    received = stop.received or signal.SIGTERM  # or another process received it
    return Stopped(
        received,
        f"{received.name}: saved step {step} of {records.cadence.total} in {folder}; run the same command again to "
        "resume.",
    )
