"""The loop: data -> compiled steps -> run folder; the only place with a `for` over steps."""

import signal
import time
from collections import deque
from typing import Any

import jax
import numpy as np

from jaxcnn import data, metrics, runtime, train
from jaxcnn.assemble import Training, assemble, clamp_batch_size, load_images
from jaxcnn.config import Config, folder_of, steps
from jaxcnn.console.progress import Log, ProgressBar, say
from jaxcnn.console.signals import Stop, Stopped
from jaxcnn.errors import Diverged
from jaxcnn.runs.checkpoints import Checkpoints, complete_steps
from jaxcnn.runs.folder import RunFolder
from jaxcnn.train import NEVER, TrainState

IN_FLIGHT = 2
"""Steps handed to the device before the oldest is waited for: it never idles, and the bar never runs ahead."""


def fit(config: Config) -> dict[str, Any]:
    """Trains what `config` says in its run folder, resuming if it was begun; returns the summary.

    Raises: UserError for what the user can mend, Stopped after a signal.
    """
    began = time.monotonic()
    runtime.huge_pages(False)  # until the first step is compiled
    config = runtime.resolve_dtype(config)
    images = load_images(config)
    config = clamp_batch_size(config, images)
    begin_at = max(complete_steps(folder_of(config) / "checkpoints"), default=0)
    training = assemble(config, images, begin_at)
    devices = training.devices
    with RunFolder(config, devices.first) as folder, Stop() as stop:
        folder.write_or_check_data(images.info)
        folder.write_environment(_describe_devices(training))
        devices.barrier("run_folder_created")
        folder.check_visible()
        return _Session(config, training, folder, stop, began).run()


class _Session:
    """One process's share of a run, from where it stands to its end or to a signal."""

    def __init__(self, config: Config, training: Training, folder: RunFolder, stop: Stop, began: float) -> None:
        self.config, self.training, self.folder, self.stop, self.began = config, training, folder, stop, began
        self.checkpoints = Checkpoints(folder.checkpoints, config.keep)
        self.asked_to_stop = False
        self.pool, self.split = training.pool(), training.images.split
        self.rates = config.optimizer.learning_rate * training.multipliers()
        per_epoch = training.recipe.steps_per_epoch

        def every(duration: str) -> int:
            return max(steps(duration, per_epoch, training.total_steps), 1)

        self.log_every = every(config.log_every)
        self.evaluate_every = every(config.evaluate_every) if len(self.split.validation) else NEVER
        self.checkpoint_every = every(config.checkpoint_every)
        self.validation: dict[str, float] = {}

    def run(self) -> dict[str, Any]:
        state = self._begin()
        begun_at = int(state.step)
        self._announce(begun_at)
        self.log = Log(self.folder.path, begun_at, self.config.tensorboard, self.training.devices.first)
        try:
            with ProgressBar(self.training.total_steps, begun_at, self.config.batch_size) as self.bar:
                state = self._train(state, begun_at)
            self.checkpoints.wait()
            return self._finish(state)
        finally:
            self.log.close()

    def _begin(self) -> TrainState:
        self.folder.write_or_check_init(self.training.account)
        state = self.training.initial_state()
        if self.config.resume == "latest_valid":
            for step, wrong in self.checkpoints.set_aside_damaged(state._asdict()).items():
                say(f"WARNING: {wrong}\nWARNING: step {step:,} is set aside in {self.folder.path / 'damaged'}")
        latest = self.checkpoints.latest
        if latest is None:
            return state
        return TrainState(**self.checkpoints.restore(state._asdict(), latest))

    def _train(self, state: TrainState, begun_at: int) -> TrainState:
        running: deque[tuple[int, Any, Any]] = deque()
        pending: tuple[int, Any] | None = None
        for step, indices in self._batches(begun_at):
            state, sums = self.training.train_step_at(step - 1)(state, self.pool, indices)
            running.append((step, sums, self.training.devices.any(self.stop.received is not None)))
            if len(running) > IN_FLIGHT:
                self._show(*running.popleft())
            if step % self.log_every == 0 or step == self.training.total_steps:
                self._write(pending)
                pending = (step, sums)
                state = state._replace(metrics=self._no_metrics())
            pending = self._pause_to_judge(step, state, pending)
        self._write(pending)
        while running:
            self._show(*running.popleft())
        return state

    def _batches(self, begun_at: int):
        """(step after the update, indices [devices, B / devices]): a pure function of the seed and the step."""
        per_epoch, size = self.training.recipe.steps_per_epoch, self.config.batch_size
        order, order_epoch = np.empty(0, np.int32), -1
        for step in range(begun_at, self.training.total_steps):
            epoch, place = divmod(step, per_epoch)
            if epoch != order_epoch:
                order, order_epoch = data.epoch_order(len(self.split.train), self.config.seed, epoch), epoch
            chosen = order[place * size : (place + 1) * size]
            yield step + 1, self.training.devices.split(self.split.train[chosen].astype(np.int32))

    def _no_metrics(self) -> Any:
        return self.training.devices.replicate(train.no_metrics())

    def _due(self, step: int) -> tuple[bool, bool]:
        """Whether to evaluate, and whether to save, after `step`."""
        last = step == self.training.total_steps
        evaluate = self.evaluate_every != NEVER and (step % self.evaluate_every == 0 or last)
        return evaluate, step % self.checkpoint_every == 0 or last or self._stopping

    def _pause_to_judge(self, step: int, state: TrainState, pending: Any) -> Any:
        """Evaluates, saves and stops where it is time to; returns the metrics that are still unwritten."""
        evaluate, save = self._due(step)
        if not (evaluate or save):
            return pending
        self._write(pending)
        self._require_finite(state.metrics)
        paused = time.monotonic()
        accuracy = self._validate(step, state) if evaluate else None
        if save:
            self.checkpoints.save(step, self.training.devices.whole(state._asdict()), accuracy)
        self.bar.pause(time.monotonic() - paused)
        if self._stopping and step < self.training.total_steps:
            self.checkpoints.wait()
            received = self.stop.received or signal.SIGTERM  # another process received it
            raise Stopped(
                received,
                f"{received.name}: saved step {step} of {self.training.total_steps} in "
                f"{self.folder.path}; type the same command again to go on.",
            )
        return None

    @property
    def _stopping(self) -> bool:
        """One process stops after the step in which it is asked to; several at one that all know of, a little later."""
        return self.stop.received is not None if self.training.devices.alone else self.asked_to_stop

    def _show(self, step: int, sums: Any, asked_to_stop: Any) -> None:
        jax.block_until_ready(sums)
        self.asked_to_stop = bool(asked_to_stop)
        seen = metrics.summarize(sums)
        validated = f"  validation {self.validation['accuracy']:.2%}" if self.validation else ""
        self.bar.update(step, f"loss {seen['loss']:.3f}  accuracy {seen['accuracy']:.2%}{validated}")

    def _write(self, pending: tuple[int, Any] | None) -> None:
        if pending is None:
            return
        step, sums = pending
        self._require_finite(sums)
        row = metrics.summarize(sums) | {
            "gradient_norm": float(sums["gradient_norm"]) / float(sums["steps"]),
            "learning_rate": float(self.rates[step - 1]),
            "images_per_second": round(self.bar.rate(step), 1),
        }
        self.log.write(step, "train", row)

    def _require_finite(self, sums: Any) -> None:
        bad = int(sums["bad_step"])
        if bad == NEVER:
            return
        self.checkpoints.wait()
        latest = self.checkpoints.latest
        kept = "no checkpoint was saved before it" if latest is None else f"the last good checkpoint is step {latest}"
        raise Diverged(
            bad + 1,
            f"the loss is not finite at step {bad + 1}; {kept} ({self.folder.path}).\n"
            "Try a lower --optimizer.learning-rate, a warm-up (--schedule.warmup 1epochs) or --optimizer.clip-norm 1, "
            "in another --folder.",
        )

    def _validate(self, step: int, state: TrainState) -> float:
        self.validation = self._evaluate(train.evaluated_variables(state), self.split.validation)
        self.log.write(step, "validation", self.validation)
        return self.validation["accuracy"]

    def _evaluate(self, variables: Any, indices: np.ndarray) -> dict[str, float]:
        """Metrics over exactly the examples `indices`: the last batch is filled up, and what fills it is masked."""
        size = self.training.eval_batch
        filled = -(-len(indices) // size) * size
        mask = (np.arange(filled) < len(indices)).astype(np.float32)
        places = np.resize(indices.astype(np.int32), filled)
        split = self.training.devices.split
        totals = [
            self.training.eval_step(variables, self.pool, split(places[i : i + size]), split(mask[i : i + size]))
            for i in range(0, filled, size)
        ]
        return metrics.summarize(jax.tree.map(lambda *parts: sum(np.asarray(p, np.float64) for p in parts), *totals))

    def _finish(self, state: TrainState) -> dict[str, Any]:
        """The one look at the test set, at the end."""
        step = int(state.step)
        if self.config.select == "best" and self.checkpoints.best is not None:
            step = self.checkpoints.best
            state = TrainState(**self.checkpoints.restore(state._asdict(), step))
        info, variables = self.training.images.info, train.evaluated_variables(state)
        tested = self._evaluate(variables, self.training.images.test)
        validation = self._evaluate(variables, self.split.validation) if info.validation else {}
        self.log.write(step, "test", tested)
        self.checkpoints.close()
        counts = self.training.counts
        summary = {
            **{f"test_{name}": value for name, value in tested.items()},
            **{f"validation_{name}": value for name, value in validation.items()},
            "steps": self.training.total_steps,
            "tested_step": step,
            "wall_seconds": round(time.monotonic() - self.began, 1),
            "model": self.config.model,
            "parameters": counts.parameters,
            "multiply_adds": counts.macs,
            "dataset": info.name,
            "dataset_version": info.version,
            "dataset_digest": info.digest,
            "fallback": info.fallback,
            "seed": self.config.seed,
        }
        self.folder.finish(summary)
        return summary

    def _announce(self, begun_at: int) -> None:
        info, counts, config = self.training.images.info, self.training.counts, self.config
        splits = f"{info.train:,} train, {info.validation:,} validation, {info.test:,} test"
        total, epochs = self.training.total_steps, self.training.total_steps / self.training.recipe.steps_per_epoch
        say(f"model   {config.model}: {counts.parameters:,} parameters, {counts.macs:,} multiply-adds an image")
        say(f"data    {info.name} {info.version} ({info.digest}): {splits}")
        say(f"device  {_describe_devices(self.training)}, {config.dtype}")
        say(f"steps   {total:,} of {config.batch_size} images ({epochs:.4g} epochs), seed {config.seed}")
        if begun_at:
            say(f"resumed at step {begun_at:,} from {self.folder.checkpoints}")


def _describe_devices(training: Training) -> str:
    first = training.devices.devices[0]
    return f"{training.devices.count} x {first.device_kind} ({first.platform})"
