"""Real trainings and real faults, through the command line; minutes, not seconds."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny import TINY, environment, run_command

import jaxcnn

pytestmark = pytest.mark.slow


def test_the_quick_start_learns_to_read_digits(tmp_path):
    arguments = ("--data.name", "digits", "--data.validation", "100", "--batch-size", "64", "--duration", "10epochs")
    result = run_command("experiments.quickstart", *arguments, "--augment", cwd=tmp_path, timeout=600)
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
    result = run_command(f"experiments.{experiment}", *arguments, cwd=tmp_path, timeout=600)
    assert result.returncode == 0, result.stderr
    summary = json.loads((tmp_path / f"runs/{experiment}/summary.json").read_text())
    assert summary["dataset"] == "cifar10"
    assert summary["test_accuracy"] > least


def test_a_run_killed_again_and_again_ends_as_the_unbroken_one(tmp_path):
    arguments = ["experiments.quickstart", *TINY, "--duration", "400steps"]
    assert run_command(*arguments, "--folder", "unbroken", cwd=tmp_path).returncode == 0
    chance, ended = random.Random(0), None
    for _ in range(40):
        command = [sys.executable, "-m", *arguments, "--folder", "broken"]
        process = subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.DEVNULL)
        try:
            ended = process.wait(timeout=chance.uniform(3, 8))
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    if ended is None:
        assert run_command(*arguments, "--folder", "broken", cwd=tmp_path).returncode == 0
    runs = [jaxcnn.load(tmp_path / name) for name in ("unbroken", "broken")]
    assert [run.step for run in runs] == [400, 400]
    images = np.random.default_rng(0).integers(0, 256, (50, 32, 32, 3)).astype(np.uint8)
    first, second = (run.predict(images) for run in runs)
    assert (first == second).all()
    strays = [p.name for p in (tmp_path / "broken/checkpoints").iterdir() if not p.name.isdigit()]
    assert strays == []
