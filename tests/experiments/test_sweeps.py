"""Every sweep of experiments/ is well formed, in small and in full; two are run through the command line."""

import importlib
import os
import re
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import pytest

from experiments.findings import QUESTIONS, caption
from helpers.processes import ROOT, run_command
from helpers.tiny import random_data
from jaxcnn import augment, optimizers, schedules, tasks
from jaxcnn.durations import steps
from jaxcnn.models import construct

INFO = random_data(side=32).info
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SWEEPS = sorted(path.stem for path in (ROOT / "experiments").glob("*.py") if "\nSWEEP = " in path.read_text())


@pytest.mark.parametrize("name", SWEEPS)
def test_every_variation_names_parts_that_exist(name):
    module = importlib.import_module(f"experiments.{name}")
    assert module.SWEEP.name == name
    assert f"sweep-{name}" in caption(name)
    for full in (False, True):
        for row in module.SWEEP.rows(full=full):
            config = row.config
            task = tasks.build(config, replace(INFO, label_names=config.data.classes or NAMES))
            construct.build(config.model, task.output_shape[-1], jnp.float32)
            augment.build(config.augment, 10)
            assert config.optimizer.name in optimizers.OPTIMIZERS
            schedules.build(config.schedule, steps(config.duration, 78), 78)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_has_an_expectation_a_cost_and_a_finding(name):
    text = caption(name)
    assert text.splitlines()[0].endswith("?")
    for word in ("Expectation", "Command", "Cost", "Finding"):
        assert f"\n{word} " in text


def quoted(text: str) -> list[str]:
    """The percentages of a finding; of "39.30, 39.27 and 39.28 %" all three."""
    lists = re.findall(r"((?:\d+(?:\.\d+)?(?:,| and| to|,? or)\s+)*\d+(?:\.\d+)?)\s+%", text)
    return [number for each in lists for number in re.findall(r"\d+(?:\.\d+)?", each)]


def test_of_a_list_of_percentages_all_are_quoted():
    assert quoted("seen: 5.1, 6 and 7.25 % (n = 1), from 8.5 to\n 9 %; 3 of 4") == ["5.1", "6", "7.25", "8.5", "9"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_percentage_of_a_finding_is_a_number_of_the_committed_table(name):
    finding = caption(name).split("\nFinding ")[1]
    table = ROOT / f"experiments/results/{name}.md"
    assert table.exists() == ("not measured yet" not in finding)
    if not table.exists():
        return
    seen = [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", table.read_text())]
    for number in quoted(finding):
        places = len(number.partition(".")[2])
        assert any(abs(value - float(number)) <= 0.5001 * 10.0**-places for value in seen), f"{number} %"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["first_steps", "batch_size"])
def test_a_sweep_runs_with_its_panels(name, tmp_path: Path):
    if not (Path(os.environ.get("TFDS_DATA_DIR", "")) / "cifar10").is_dir():
        pytest.skip("TFDS_DATA_DIR holds no cifar10")
    changes = ["--set", "duration", "2epochs", "data.train", "500"]
    only = ["--only", "neuron, two classes", "softmax", "reference class", "squared error"]
    only = only if name == "first_steps" else ["--only", "25", "125"]
    result = run_command(f"experiments.{name}", *only, *changes, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / f"runs/sweep-{name}/index.html").exists()
