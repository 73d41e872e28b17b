"""What runs leave on disk, and how to break one off at a step."""

import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest

from jaxcnn import assemble, feed, fit
from jaxcnn.assemble import Training
from jaxcnn.console.progress import ProgressBar
from jaxcnn.runs.reading import ITEM
from jaxcnn.runs.steps import complete_steps

Tree = Any


def newest_state(run: str | Path) -> tuple[int, Tree]:
    """The step of a run's newest checkpoint and every array of it, as numpy; of however many devices it was."""
    folder = Path(run) / "checkpoints"
    step = complete_steps(folder)[-1]
    path, one = folder / str(step) / ITEM, jax.sharding.SingleDeviceSharding(jax.devices()[0])
    with ocp.PyTreeCheckpointer() as checkpointer:
        saved = checkpointer.metadata(path).item_metadata.tree
        here = jax.tree.map(lambda _: ocp.ArrayRestoreArgs(sharding=one), saved)
        state = checkpointer.restore(path, restore_args=here)
    return step, jax.tree.map(np.asarray, state | {"key": jax.random.key_data(state["key"])})


def assert_same(first: Tree, second: Tree) -> None:
    """Bit for bit, and of one structure."""
    assert jax.tree.structure(first) == jax.tree.structure(second)
    jax.tree.map(np.testing.assert_array_equal, first, second)


TIMED = ("images_per_second", "seconds", "wall_seconds", "cpu_seconds", "data_wait")


def timeless(summary: Mapping[str, Any] | None) -> dict[str, Any]:
    """All of a run's summary that does not depend on the machine's speed."""
    assert summary is not None
    return {name: value for name, value in summary.items() if name not in TIMED}


def logged(run: str | Path) -> list[dict[str, Any]]:
    """The rows of a run's log, without those of its saves, and without speed and time."""
    rows = [json.loads(line) for line in (Path(run) / "metrics.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["split"] != "checkpoint"]
    return [{name: value for name, value in row.items() if name not in TIMED} for row in rows]


def stop_at(monkeypatch: pytest.MonkeyPatch, step: int, number: signal.Signals = signal.SIGTERM) -> None:
    """Sends this process a signal in the middle of the step after `step`."""
    made = fit.batches

    def batches(training: Training, begin_at: int) -> Iterator[tuple[int, feed.Batch]]:
        for k, indices in made(training, begin_at):
            if k == step + 1:
                signal.raise_signal(number)
            yield k, indices

    monkeypatch.setattr(fit, "batches", batches)


def stop_in_evaluation(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    """Sends a signal while the test images are evaluated, in batches of 64 of the 360."""
    shown = ProgressBar.evaluating

    def evaluating(self: ProgressBar, what: str, done: int, total: int) -> None:
        if what == "test":
            signal.raise_signal(number)
        shown(self, what, done, total)

    monkeypatch.setattr(assemble, "LARGE_BATCH", 64)
    monkeypatch.setattr(ProgressBar, "evaluating", evaluating)
