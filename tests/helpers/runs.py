"""What runs leave on disk, and how to break one off at a step."""

import json
import signal
from pathlib import Path

import jax
import numpy as np

from jaxcnn import fit
from jaxcnn.runs import checkpoints


def final_state(config):
    """Every array of the newest checkpoint, as numpy."""
    import orbax.checkpoint as ocp

    folder = Path(config.folder) / "checkpoints"
    step = checkpoints.complete_steps(folder)[-1]
    with ocp.PyTreeCheckpointer() as checkpointer:
        state = checkpointer.restore(folder / str(step) / checkpoints.ITEM)
    return step, jax.tree.map(np.asarray, state | {"key": jax.random.key_data(state["key"])})


def rows(config):
    read = [json.loads(line) for line in (Path(config.folder) / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k != "images_per_second"} for row in read]


def stop_at(monkeypatch, step, number=signal.SIGTERM):
    """Sends this process a signal in the middle of the step after `step`."""
    split = fit._Session._batches

    def batches(self, begun_at):
        for k, indices in split(self, begun_at):
            if k == step + 1:
                signal.raise_signal(number)
            yield k, indices

    monkeypatch.setattr(fit._Session, "_batches", batches)
