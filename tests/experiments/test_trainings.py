"""Real trainings, through the command line; minutes, not seconds."""

import json
import os
from pathlib import Path

import pytest

from helpers.processes import run_command

pytestmark = pytest.mark.slow


def test_the_quick_start_learns_to_read_digits(tmp_path):
    arguments = ("--data.name", "digits", "--data.validation", "100", "--batch-size", "64", "--duration", "10epochs")
    result = run_command("experiments.quickstart", *arguments, "--augment", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    summary = json.loads((tmp_path / "runs/quickstart/summary.json").read_text())
    assert summary["test_accuracy"] > 0.93


@pytest.mark.parametrize(
    ("experiment", "arguments", "least"),
    [("softmax", ["--duration", "3epochs"], 0.36), ("mlp", ["--duration", "2epochs"], 0.42)],
)
def test_linear_and_dense_networks_on_cifar10(tmp_path, experiment, arguments, least):
    if not (Path(os.environ.get("TFDS_DATA_DIR", "")) / "cifar10").is_dir():
        pytest.skip("TFDS_DATA_DIR holds no cifar10")
    result = run_command(f"experiments.{experiment}", *arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    summary = json.loads((tmp_path / f"runs/{experiment}/summary.json").read_text())
    assert summary["dataset"] == "cifar10"
    assert summary["test_accuracy"] > least
