"""Every task through whole runs: trained, watched, stopped, resumed, evaluated again, asked."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxcnn
from helpers.runs import assert_same, newest_state, stop_at
from helpers.task_specs import PICTURES, SPECS
from helpers.tiny import tiny_config
from jaxcnn import fit
from jaxcnn.commands.evaluate import evaluated
from jaxcnn.config import Config
from jaxcnn.console.signals import Stopped

DIGITS = {
    **{spec: "quicknet:stem=2,widths=(2,4)" for spec in SPECS if spec not in PICTURES and "positive" not in spec},
    "one_against_rest:positive=3": "quicknet:stem=2,widths=(2,4)",
    **PICTURES,
}
QUICK = {"super_resolve"}


def config(spec: str, folder: Path, **changes: object) -> Config:
    """Six steps; neither 100 validation nor 360 test images fill their batches."""
    model, changes = (
        DIGITS[spec],
        {"duration": "6steps", "batch_size": 40, "ema": 0.0, "augment": ("crop:padding=2",), **changes},
    )
    base = replace(tiny_config(folder), model=model, task=spec, evaluate_every="3steps", checkpoint_every="3steps")
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", [pytest.param(s, marks=[] if s in QUICK else [pytest.mark.slow]) for s in DIGITS])
def test_a_run_of_every_task(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    summary = fit.fit(config(spec, tmp_path / "whole"))
    resumed = config(spec, tmp_path / "resumed", watch=True, tensorboard=True)
    stop_at(monkeypatch, 4)
    with pytest.raises(Stopped):
        fit.fit(resumed)
    monkeypatch.undo()
    again = fit.fit(resumed)
    assert_same(newest_state(tmp_path / "whole"), newest_state(tmp_path / "resumed"))
    metric = f"test_{summary['metric']}"
    assert again[metric] == pytest.approx(summary[metric], rel=1e-5)
    assert (tmp_path / "whole/examples.png").exists() == (spec in PICTURES)
    assert (tmp_path / "resumed/watch/0000006.npz").exists()

    run = jaxcnn.load(tmp_path / "whole")
    _, found = evaluated(run, "test")
    assert found[summary["metric"]] == pytest.approx(summary[metric], rel=1e-4)
    images = np.zeros((3, *run.task.input_shape), np.uint8)
    answers = jax.tree.leaves(run.predict(images))
    assert [len(answer) for answer in answers] == [3]
