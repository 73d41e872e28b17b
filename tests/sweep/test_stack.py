"""Runs in one program are the runs each separate, up to rounding."""

import shutil
import signal
from pathlib import Path

import jax
import numpy as np
import pytest

from helpers.runs import logged, stop_in_evaluation
from jaxcnn import fit
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig
from jaxcnn.config_json import changed
from jaxcnn.console.signals import Stopped
from jaxcnn.errors import UserError
from jaxcnn.recorder import Recorder
from jaxcnn.runs.folder import finished
from jaxcnn.runs.reading import read_variables
from jaxcnn.runs.steps import complete_steps
from jaxcnn.sweep.stack import stack_key, train_together


def base(folder: Path, **changes) -> Config:
    config = Config(
        name="member",
        model="mlp:hidden=(16,)",
        data=DataConfig(name="digits", validation=100),
        loss=LossConfig(l2=1e-3),
        optimizer=OptimizerConfig(name="nesterov", learning_rate=0.01),
        duration="30steps",
        batch_size=32,
        evaluate_every="10steps",
        checkpoint_every="20steps",
        log_every="10steps",
        tensorboard=False,
    )
    return changed(config, {**changes, "folder": str(folder)})


def outcome(config: Config):
    folder = Path(config.folder)
    step = complete_steps(folder / "checkpoints")[-1]
    return logged(folder), step, read_variables(folder / "checkpoints", step)


def same(separate: Config, member: Config) -> None:
    (rows, step, variables), (others, other, theirs) = outcome(separate), outcome(member)
    assert step == other
    assert [(row["step"], row["split"]) for row in rows] == [(row["step"], row["split"]) for row in others]
    for row, their in zip(rows, others, strict=True):
        assert row["loss"] == pytest.approx(their["loss"], rel=1e-4)
        assert row["accuracy"] == pytest.approx(their["accuracy"], abs=0.011)
    for ours, their in zip(jax.tree.leaves(variables), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(ours, their, rtol=1e-3, atol=1e-5)
    ours, their = finished(separate) or {}, finished(member) or {}
    assert ours.keys() == their.keys()
    assert ours["test_loss"] == pytest.approx(their["test_loss"], rel=1e-4)


VARIED = [
    {"optimizer.learning_rate": 0.001, "optimizer.momentum": 0.5},
    {"loss.smoothing": 0.1, "loss.l2": 0.1, "optimizer.weight_decay": 0.01, "seed": 3},
]


def test_members_are_the_runs_each_alone_and_one_may_diverge(tmp_path):
    common = {"optimizer.momentum": 0.9, "loss.smoothing": 0.05, "optimizer.weight_decay": 0.1}
    varied = [{**common, **each} for each in [*VARIED, {"optimizer.learning_rate": 1e30}]]
    together = [base(tmp_path / f"together-{i}", **each) for i, each in enumerate(varied)]
    separate = [base(tmp_path / f"separate-{i}", **each) for i, each in enumerate(varied)]
    assert len(set(map(stack_key, together))) == 1
    diverged = train_together(together)
    assert list(diverged) == [2]
    with pytest.raises(type(diverged[2])) as error:
        fit.fit(separate[2])
    assert error.value.step == diverged[2].step
    for one, member in zip(separate[:2], together[:2], strict=True):
        fit.fit(one)
        same(one, member)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "setting", "values"),
    [
        ("sgd", "optimizer.weight_decay", (0.1, 0.01)),
        ("rmsprop", "optimizer.momentum", (0.9, 0.5)),
        ("muon", "optimizer.momentum", (0.9, 0.5)),
        ("adam", "loss.l1", (0.01, 0.001)),
        ("adagrad", "optimizer.learning_rate", (0.01, 0.001)),
        ("lion", "loss.smoothing", (0.2, 0.1)),
    ],
)
def test_every_optimizer_takes_its_numbers_as_data(tmp_path, name, setting, values):
    changes = {"optimizer.name": name, "optimizer.learning_rate": 0.001, "loss.l2": 0}
    separate, together = (
        [base(tmp_path / kind / str(value), **{**changes, setting: value}) for value in values]
        for kind in ("separate", "together")
    )
    train_together(together)
    for one, member in zip(separate, together, strict=True):
        fit.fit(one)
        same(one, member)


@pytest.mark.slow
def test_a_stack_that_was_broken_off_goes_on_and_ends_the_same(tmp_path, monkeypatch):
    configs = [base(tmp_path / f"broken-{seed}", seed=seed) for seed in (0, 1)]
    whole = [base(tmp_path / f"whole-{seed}", seed=seed) for seed in (0, 1)]
    train_together(whole)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "finish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train_together(configs)
    for config in configs:
        shutil.rmtree(Path(config.folder) / "checkpoints" / "30")
    assert stack_key(configs[0]) != stack_key(whole[0])
    assert stack_key(configs[0]) == stack_key(configs[1])
    train_together(configs)
    for one, member in zip(whole, configs, strict=True):
        (_, _, ours), (_, _, theirs) = outcome(one), outcome(member)
        assert all((a == b).all() for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True))


def test_a_signal_during_the_final_evaluation_of_a_stack_loses_nothing(tmp_path, monkeypatch):
    configs = [base(tmp_path / str(seed), seed=seed) for seed in (0, 1)]
    with monkeypatch.context() as patch:
        stop_in_evaluation(patch, signal.SIGTERM)
        with pytest.raises(Stopped, match="SIGTERM: saved step 30 of 30"):
            train_together(configs)
    assert [finished(config) for config in configs] == [None, None]
    train_together(configs)
    assert all((finished(config) or {})["steps"] == 30 for config in configs)


@pytest.mark.parametrize(
    ("change", "kin"),
    [
        ({"seed": 9}, True),
        ({"optimizer.learning_rate": 1.0}, True),
        ({"loss.l2": 0.5}, True),
        ({"loss.l2": 0.0}, False),
        ({"optimizer.weight_decay": 0.1}, False),
        ({"batch_size": 64}, False),
        ({"optimizer.name": "sgd"}, False),
    ],
)
def test_kin_differ_in_numbers_alone(tmp_path, change, kin):
    assert (stack_key(base(tmp_path / "a")) == stack_key(base(tmp_path / "b", **change))) is kin


def test_a_bad_source_is_one_clear_error_before_a_folder_is_made(tmp_path):
    configs = [base(tmp_path / str(seed), seed=seed, **{"init.source": str(tmp_path / "gone")}) for seed in (0, 1)]
    with pytest.raises(UserError, match=r"init\.source: .*gone' is neither"):
        train_together(configs)
    assert list(tmp_path.iterdir()) == []
