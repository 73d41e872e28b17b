"""What one run writes while it trains: metrics, evaluations, checkpoints, and at the end its summary."""

import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Protocol

import jax

from jaxcnn import train_state
from jaxcnn.assemble import Training
from jaxcnn.cadence import Cadence
from jaxcnn.clock import Clock
from jaxcnn.config import Config
from jaxcnn.console.log import Log
from jaxcnn.console.progress import ProgressBar
from jaxcnn.errors import Diverged
from jaxcnn.evaluate import evaluate, examples, numbers
from jaxcnn.measures import measure_of, words
from jaxcnn.runs.checkpoints import Checkpoints
from jaxcnn.runs.checksums import not_finite
from jaxcnn.runs.folder import RunFolder
from jaxcnn.runs.steps import complete_steps
from jaxcnn.tasks.task import summarize
from jaxcnn.train_state import NEVER, DeviceDataset, TrainState
from jaxcnn.types import Tree
from jaxcnn.watch import Watch

SHOWN = 12
"""Test images whose answers are shown as a picture."""


class Records(Protocol):
    """What the loop of `fit` tells of its steps: to one run's recorder, or to those of a stack of runs."""

    cadence: Cadence

    def waited(self, seconds: float) -> None:
        """How long the loop waited for a batch."""

    def show(self, step: int, sums: Tree) -> None:
        """Shows the metrics of `step`, and waits until it is done."""

    def log(self, step: int, sums: Tree) -> None:
        """Writes training metrics."""

    def evaluate_and_checkpoint(self, step: int, state: TrainState, evaluate: bool, save: bool) -> None:
        """Pauses the training for either or both."""

    def watch(self, step: int, state: TrainState) -> None:
        """Looks inside, if it is time to."""

    def no_metrics(self) -> Tree:
        """What the sums start from after they were logged."""

    def saved(self, step: int) -> str:
        """Waits for the last save; says in which folder it is."""


class Recorder:
    """The recorder of one run.

    Raises: Diverged if a loss is not finite.
    """

    def __init__(self, training: Training, folder: RunFolder, data: DeviceDataset) -> None:
        self.training, self.folder, self.data = training, folder, data
        self.config: Config = training.config
        self.task = training.recipe.task
        self.cadence = training.cadence
        self.checkpoints = Checkpoints(folder.checkpoints, self.config.keep)
        self.validation: dict[str, float] = {}
        self._learning_rates = training.learning_rates()
        self._watch: Watch | None = None

    def open(self, step: int, bar: ProgressBar, clock: Clock, share: float = 1) -> "Recorder":
        """Starts to write, for a run that is at `step`.

        Its time is that of `clock`; a run of a stack took a `share` of it.
        """
        self._clock, self._share = clock, share
        self._log = Log(self.folder.path, step, self.config.tensorboard, self.training.devices.is_primary)
        self.bar = bar
        if self.config.watch and self.training.devices.is_primary:
            self._watch = Watch(self.training, self.data, self.folder.path, self._log.events)
        return self

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._log.close()

    def waited(self, seconds: float) -> None:
        self.bar.waited(seconds)

    def show(self, step: int, sums: Tree) -> None:
        jax.block_until_ready(sums)
        seen = summarize(self.task, sums)
        text = f"loss {seen['loss']:.3f}"
        if self.task.metric in seen:
            text += f"  {words(self.task.metric)} {self._shown(seen)}"
        text += f"  validation {self._shown(self.validation)}" if self.validation else ""
        wait = self._data_wait(step).get("data_wait")
        self.bar.update(step, text + (f"  waits {wait:.0%}" if wait is not None else ""))

    def log(self, step: int, sums: Tree) -> None:
        self._require_finite(sums)
        row = summarize(self.task, sums) | {
            "gradient_norm": float(sums["gradient_norm"]) / float(sums["steps"]),
            "learning_rate": float(self._learning_rates[step - 1]),
        }
        rate = self.bar.rate(step)
        if rate is not None:
            row["images_per_second"] = round(rate, 1)
        row |= self._data_wait(step)
        self._log.write(step, "train", row | self._time())

    def watch(self, step: int, state: TrainState) -> None:
        if self._watch and self._watch.is_time(step):
            paused = time.monotonic()
            self._watch.observe(step, state)
            self.bar.pause(time.monotonic() - paused)

    def evaluate_and_checkpoint(self, step: int, state: TrainState, evaluate: bool, save: bool) -> None:
        self._require_finite(state.metrics)
        paused = time.monotonic()
        score = self.validate(step, state) if evaluate else None
        if save:
            if wrong := not_finite({"params": state.params, "batch_stats": state.batch_stats, "ema": state.ema}):
                raise self._diverged(step, f"the weights are not finite at step {step} ({wrong[0]})")
            self.folder.require_present()
            self.checkpoints.save(step, self.training.devices.to_global(state._asdict()), score)
            self._log.write(step, "checkpoint", self._time())
        self.bar.pause(time.monotonic() - paused)

    def validate(self, step: int, state: TrainState) -> float | None:
        """How good it is on the validation images: the more, the better; None if that is not a finite number."""
        variables = train_state.evaluated_variables(state)
        images = self.training.images.split.validation
        watch = partial(self.bar.evaluating, "validation")
        self.validation = numbers(evaluate(self.training, variables, self.data, images, watch))
        self._log.write(step, "validation", self.validation)
        self._require_finite_loss(step, "validation", self.validation)
        score = self.validation[self.task.metric]
        if not math.isfinite(score):
            return None
        return score if self.task.higher_is_better else -score

    def no_metrics(self) -> Tree:
        return self.training.devices.replicate(train_state.no_metrics(self.training.recipe))

    def saved(self, step: int) -> str:
        self.checkpoints.wait()
        return str(self.folder.path)

    def finish(self, state: TrainState, heed: Callable[[], None]) -> dict[str, Any]:
        """Tests once, at the end, and writes the summary; `heed` is called often, and what it raises ends the test."""

        def watch(what: str, done: int, total: int) -> None:
            self.bar.evaluating(what, done, total)
            heed()

        step = int(state.step)
        if self.config.select == "best" and self.checkpoints.best is not None:
            step = self.checkpoints.best
            state = TrainState(**self.checkpoints.restore(state._asdict(), step))
        images, variables = self.training.images, train_state.evaluated_variables(state)
        score = partial(evaluate, self.training, variables, self.data)
        tested = score(images.test, partial(watch, "test"))
        validation = images.split.validation
        validated = score(validation, partial(watch, "validation")) if len(validation) else {}
        self._log.write(step, "test", numbers(tested))
        for split, result in (("test", tested), ("validation", validated)):
            self._require_finite_loss(step, split, result)
        self._show_examples(step, variables)
        self.checkpoints.close()
        self.folder.require_present()
        summary = self._summary(step, tested, validated)
        self.folder.finish(summary)
        return summary

    def _show_examples(self, step: int, variables: Tree) -> None:
        """Writes `examples.png`, and the same to TensorBoard, if the task's answers are pictures."""
        if not self.task.picture or not self.training.devices.is_primary:
            return
        picture = examples(self.training, variables, self.training.images.test[:SHOWN])
        self.folder.write_picture("examples.png", picture)
        self._log.write_picture(step, "test/examples", picture)

    def _data_wait(self, step: int) -> dict[str, float]:
        """The fraction of the time in which the loop waited for streamed images; nothing if they are resident."""
        wait = self.bar.waiting(step) if self.training.images.dataset.streamed else None
        return {} if wait is None else {"data_wait": round(wait, 4)}

    def _time(self) -> dict[str, float]:
        """Seconds of training up to now over all sessions of the run, without the pauses between them."""
        before = self._log.times_before
        return {name: round(before[name] + seconds * self._share, 1) for name, seconds in self._clock().items()}

    def _summary(self, step: int, tested: dict[str, Any], validated: dict[str, Any]) -> dict[str, Any]:
        info, counts, times = self.training.images.info, self.training.counts, self._time()
        return {
            **{f"test_{name}": value for name, value in tested.items()},
            **{f"validation_{name}": value for name, value in validated.items()},
            "steps": self.training.total_steps,
            "tested_step": step,
            "wall_seconds": times["seconds"],
            "cpu_seconds": times["cpu_seconds"],
            **self._data_wait(self.training.total_steps),
            "task": self.config.task,
            "metric": self.task.metric,
            "model": self.config.model,
            "parameters": counts.parameters,
            "macs": counts.macs,
            "dataset": info.name,
            "dataset_version": info.version,
            "dataset_digest": info.digest,
            "fallback": info.fallback,
            "seed": self.config.seed,
        }

    def _shown(self, seen: dict[str, float]) -> str:
        return measure_of(self.task.metric)(seen[self.task.metric])

    def _require_finite(self, sums: Tree) -> None:
        bad = int(sums["bad_step"])
        if bad != NEVER:
            raise self._diverged(bad + 1, f"the loss is not finite at step {bad + 1}")

    def _require_finite_loss(self, step: int, split: str, result: Mapping[str, float]) -> None:
        if not math.isfinite(result.get("loss", 0.0)):
            raise self._diverged(step, f"the {split} loss is not finite at step {step}")

    def _diverged(self, step: int, what: str) -> Diverged:
        self.checkpoints.wait()
        before = [each for each in complete_steps(self.folder.checkpoints) if each < step]
        kept = f"the last good checkpoint is step {before[-1]}" if before else "no checkpoint was saved before it"
        return Diverged(
            step,
            f"{what}; {kept} ({self.folder.path}).\n"
            "Try a lower --optimizer.learning-rate, a warm-up (--schedule.warmup 1epochs) or --optimizer.clip-norm 1, "
            "in another --folder.",
        )
