"""The race of `make bench`: the same networks on every side, real processes, and the arithmetic of its tables."""

import csv
import os
import shutil

import jax
import numpy as np
import pytest
import tyro

from experiments.bench import batches, inference, placement, plain_flax, race, table
from experiments.bench.machine import Machine
from experiments.bench.nets import NETS
from experiments.bench.race import Lane
from helpers.processes import run_command
from jaxcnn.errors import UserError
from jaxcnn.models.construct import build
from jaxcnn.models.counts import count


@pytest.mark.parametrize("net", NETS)
def test_plain_flax_races_the_same_network(net):
    assert count(plain_flax.MODELS[net]()) == count(build(net, NETS[net].outputs, "float32"))


@pytest.mark.parametrize("net", NETS)
def test_torch_trains_the_same_parameters(net):
    pytest.importorskip("torch")
    from experiments.bench import torch_nets

    model = torch_nets.MODELS[net]()
    variables = jax.eval_shape(
        lambda x: build(net, NETS[net].outputs, "float32").init(jax.random.key(0), x, train=False),
        jax.ShapeDtypeStruct((1, 32, 32, 3), "float32"),
    )
    ours = {jax.tree_util.keystr(path, simple=True, separator="/"): leaf.size for path, leaf in _leaves(variables)}
    trained = sum(size for path, size in ours.items() if path not in NETS[net].frozen)
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == trained


def _leaves(variables):
    return jax.tree.leaves_with_path(variables["params"])


@pytest.mark.slow
def test_a_race_writes_its_tables(tmp_path):
    settings = ("--nets", "quicknet", "--batch", "2", "--rounds", "2", "--steps", "3")
    contenders = ("--contenders", "jaxcnn", "flax")
    result = run_command("experiments.bench", *settings, *contenders, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    with (tmp_path / "runs/bench.csv").open() as file:
        ours, flax = csv.DictReader(file)
    assert (ours["contender"], flax["contender"]) == ("jaxcnn", "flax")
    for row in (ours, flax):
        assert row["steps"] == "6"
        assert 0 < float(row["least"]) <= float(row["ms a step"]) <= float(row["most"])
    assert float(flax["time"]) > 0  # how it is made of the rounds is tested below, on times that do not vary
    report = (tmp_path / "runs/bench.md").read_text()
    assert f"| quicknet | 2 | flax | {flax['ms a step']} |" in report
    assert "matrix products, jaxcnn: float32 " in report


@pytest.mark.slow
def test_a_race_of_answers_writes_its_tables(tmp_path):
    settings = ("--nets", "quicknet", "--images", "20", "--rounds", "1", "--contenders", "predict", "onnxruntime")
    result = run_command("experiments.bench.inference", *settings, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    with (tmp_path / "runs/bench_inference.csv").open() as file:
        ours, theirs = csv.DictReader(file)
    assert (ours["contender"], theirs["contender"]) == ("predict", "onnxruntime")
    assert f"| quicknet | onnxruntime | {theirs['images/s']} |" in (tmp_path / "runs/bench_inference.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nets", "resnet2"], "did you mean 'resnet20'"),
        (["--contenders", "torch"], "unknown contender 'torch'"),
        (["--images", "0"], "--images from 1"),
    ],
)
def test_a_bad_race_of_answers_is_one_clear_error(arguments, message):
    with pytest.raises(UserError, match=message):
        inference.run(tyro.cli(inference.Options, args=arguments))


def test_a_contender_answers_all_images_in_batches_of_its_best_size(monkeypatch):
    monkeypatch.setattr(batches, "_rate", lambda answer, part: {3: 1.0, 4: 2.0}[len(part)])
    monkeypatch.setattr(batches, "SIZES", (3, 4, 100))
    seen = []
    batches.fastest(lambda part: seen.extend(part), np.arange(10))()
    assert seen == list(range(10))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nets", "resnet2"], "did you mean 'resnet20'"),
        (["--contenders", "torch"], "unknown contender 'torch'"),
        (["--rounds", "0"], "--rounds from 1"),
        (["--contenders", "torch_autocast", "--torch-python", shutil.which("false")], "torch_autocast died"),
    ],
)
def test_a_bad_command_is_one_clear_error_and_status_2(tmp_path, arguments, message):
    result = run_command("experiments.bench", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def lane(contender: str, seconds: tuple[float, ...], peak: int, beside: tuple[float, ...]) -> Lane:
    return Lane(contender, 1.0, seconds, peak, beside)


def test_ratios_are_of_the_same_rounds_and_against_the_strongest_rival():
    lanes = [
        lane("jaxcnn", (1.0, 1.0, 3.0), 10**9, (1.0, 1.0, 3.0)),
        lane("torch_float32_huge", (4.0, 5.0, 4.0), 10**9 // 2, (1.0, 1.0, 1.0)),
        lane("torch_autocast_huge", (2.0, 2.0, 2.0), 2 * 10**9, (1.5, 1.5, 3.0)),
    ]
    (ratios,) = table.ratios_table({"resnet20": lanes})
    assert ratios["autocast, huge pages"] == ratios["best torch, huge pages"] == "0.75"
    assert ratios["memory / leanest torch"] == "2.00"
    assert ratios["flax"] == ratios["torch autocast"] == "-"
    machine = Machine("a CPU", {}, {"jaxcnn": {"float32": 60.0, "bfloat16": 120.0}})
    rows = table.lanes_table("resnet20", 128, 10**8, lanes, machine)
    assert [row["GFLOP/s"] for row in rows] == ["77", "19", "38"]  # 3 x 2 x 0.1 G x 128 / median
    assert rows[0]["of products"] == "64%"
    assert [row["time"] for row in rows] == ["1.00", "0.25", "0.75"]


@pytest.mark.skipif(len(getattr(os, "sched_getaffinity", lambda _: ())(0)) < 2, reason="needs two cores to choose from")
def test_a_look_at_the_cores_leaves_the_process_where_it_may_run():
    cores = os.sched_getaffinity(0)
    ratio = placement.handover()
    assert ratio is not None
    assert ratio > 0
    assert os.sched_getaffinity(0) == cores


class Steps(race.Process):
    """A process whose first step of a turn is slow."""

    def __init__(self) -> None:  # starts none
        self.turns = 0

    def ask(self, do: str, **arguments: int) -> dict[str, list[float]]:
        self.turns += 1
        return {"seconds": [9.0, *(1.0 for _ in range(arguments["count"] - 1))]}


@pytest.mark.parametrize(
    ("ratios", "turns", "apart", "patience"),
    [
        ([1.3, 1.3], 1, False, 2),  # together before and after
        ([2.5, 2.5, 1.3, 1.3], 1, False, 0),  # waited for
        ([1.3, 2.5, 2.5, 1.3, 1.3], 2, False, 1),  # parted, and taken again
        ([2.5, 2.5, 2.5], 1, True, 0),  # a host that never puts them together: one turn, no more patience
        ([1.3, 2.5] * 3, 3, True, 2),
        ([None, None], 1, False, 2),  # one core
    ],
)
def test_a_turn_waits_for_cores_that_share_a_cache(monkeypatch, ratios, turns, apart, patience):
    left = iter(ratios)
    monkeypatch.setattr(placement, "handover", lambda: next(left))
    monkeypatch.setattr(placement.xla, "cpuinfo", lambda: "flags: hypervisor")
    monkeypatch.setattr(placement.time, "sleep", lambda _: None)
    monkeypatch.setattr(placement, "PAUSE", 1)
    process, host = Steps(), placement.Placement(patience=2)
    assert race._turn(process, 3, host) == ([1.0, 1.0, 1.0], apart)
    assert (process.turns, host.patience, list(left)) == (turns, patience, [])
