"""Whole runs on real data: finished, interrupted and resumed."""

import json
import shlex
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import jaxcnn
from helpers.runs import assert_same, logged, newest_state, stop_at, stop_in_evaluation, timeless
from jaxcnn import assemble, fit
from jaxcnn.config import ScheduleConfig
from jaxcnn.config_json import differences
from jaxcnn.console import signals
from jaxcnn.errors import Diverged, UserError
from jaxcnn.parallel import devices
from jaxcnn.recorder import Recorder
from jaxcnn.runs.folder import finished
from jaxcnn.runs.steps import complete_steps

SLOW = pytest.mark.slow
SMALLEST = "mlp:hidden=(4,)"


@pytest.mark.filterwarnings("ignore:Sharding info not provided")
@pytest.mark.parametrize(
    ("step", "change"),
    [
        (0, {}),
        (13, {}),
        (20, {}),
        (13, {"model": "mlp:hidden=(16,),dropout=0.5"}),
        pytest.param(19, {}, marks=SLOW),
        pytest.param(38, {}, marks=SLOW),
    ],
    ids=lambda value: value.get("model", "batch norm") if isinstance(value, dict) else str(value),
)
def test_a_run_broken_off_at_any_step_ends_as_the_unbroken_one(tiny, tmp_path, monkeypatch, step, change):
    tiny = replace(tiny, **change)
    unbroken = replace(tiny, folder=str(tmp_path / "unbroken"))
    fit.fit(unbroken)
    with monkeypatch.context() as patch:
        stop_at(patch, step)
        with pytest.raises(signals.Stopped, match=f"SIGTERM: saved step {step + 1} of 40") as stopped:
            fit.fit(tiny)
    assert stopped.value.status == 143
    summary = fit.fit(tiny)
    (last, expected), (_, state) = newest_state(unbroken.folder), newest_state(tiny.folder)
    assert last == 40
    assert_same(expected, state)
    assert timeless(summary) == timeless(finished(unbroken))
    logs = [[row for row in logged(run.folder) if row["split"] != "validation"] for run in (tiny, unbroken)]
    assert logs[0] == logs[1]


def test_a_finished_run_is_evaluated_on_every_example_once_and_read_back(tiny, monkeypatch):
    summary = fit.fit(tiny)
    run = jaxcnn.load(tiny.folder)
    from jaxcnn import data

    digits = data.load("digits")
    probabilities = run.predict(digits.test_images)
    assert probabilities.shape == (len(digits.test_labels), 10)
    np.testing.assert_allclose(probabilities.sum(-1), 1, rtol=1e-5)
    accuracy = (probabilities.argmax(-1) == digits.test_labels).mean()
    assert summary["test_accuracy"] == pytest.approx(accuracy, abs=1e-9)
    assert run.metrics == summary == finished(tiny)
    assert run.step == 40
    assert run.config == tiny
    assert [row["split"] for row in run.history][-1] == "test"


def test_an_evaluation_in_many_batches_is_that_in_one(tiny, monkeypatch):
    """360 test and 100 validation images in one batch that they do not fill, or in batches of 64: 5.6 and 1.6."""
    in_one = fit.fit(tiny)
    (Path(tiny.folder) / "summary.json").unlink()
    monkeypatch.setattr(assemble, "LARGE_BATCH", 64)
    in_many = fit.fit(tiny)  # resumed at its last step
    names = [name for name in in_one if name.startswith(("test_", "validation_"))]
    assert {"test_accuracy", "test_loss", "validation_accuracy", "validation_calibration_error"} <= set(names)
    for name in names:
        np.testing.assert_allclose(in_many[name], in_one[name], rtol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGUSR2, 128 + signal.SIGUSR2)],
)
def test_a_signal_during_the_final_evaluation_stops_it_and_the_next_start_repeats_only_that(
    tiny, monkeypatch, number, status
):
    tiny = replace(tiny, model=SMALLEST)
    with monkeypatch.context() as patch:
        stop_in_evaluation(patch, number)
        with pytest.raises(signals.Stopped, match=f"{number.name}: saved step 40 of 40") as stopped:
            fit.fit(tiny)
    assert stopped.value.status == status
    assert finished(tiny) is None
    summary = fit.fit(tiny)
    assert summary["steps"] == 40
    assert [row["step"] for row in logged(tiny.folder) if row["split"] == "train"] == [10, 20, 30, 40]


def test_the_time_of_a_run_is_that_of_all_its_sessions_until_the_step_it_resumes_at(tiny, monkeypatch):
    tiny = replace(tiny, model=SMALLEST)
    with monkeypatch.context() as patch:
        stop_at(patch, 13)
        with pytest.raises(signals.Stopped):
            fit.fit(tiny)
    log = Path(tiny.folder) / "metrics.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(row["step"], row["split"]) for row in rows] == [(10, "train"), (14, "checkpoint")]
    assert 0 < rows[0]["seconds"] <= rows[1]["seconds"]
    rows[1]["seconds"] = 5000.0
    lost = {"step": 15, "split": "train", "seconds": 9000.0}  # of a step that was not saved
    log.write_text("".join(json.dumps(row) + "\n" for row in [*rows, lost]))
    assert 5000 < fit.fit(tiny)["wall_seconds"] < 9000


def test_a_run_of_two_steps_has_no_speed(tiny):
    fit.fit(replace(tiny, model=SMALLEST, duration="2steps"))
    rows = [json.loads(line) for line in (Path(tiny.folder) / "metrics.jsonl").read_text().splitlines()]
    assert "train" in {row["split"] for row in rows}
    assert not any("images_per_second" in row for row in rows)


def test_a_frequency_of_zero_happens_at_the_end_only(tiny):
    fit.fit(replace(tiny, model=SMALLEST, log_every="0steps", evaluate_every="0epochs", checkpoint_every="0%"))
    assert {row["step"] for row in logged(tiny.folder)} == {40}
    assert complete_steps(Path(tiny.folder) / "checkpoints") == [40]


def test_the_best_checkpoint_is_kept_and_tested_when_asked(tiny, monkeypatch):
    accuracies = iter([0.9, 0.8, 0.7, 0.6])
    evaluate = Recorder.validate

    def validate(self, step, state):
        evaluate(self, step, state)
        return next(accuracies)

    monkeypatch.setattr(Recorder, "validate", validate)
    config = replace(tiny, select="best", keep=1, evaluate_every="10steps", checkpoint_every="10steps")
    summary = fit.fit(config)
    assert summary["tested_step"] == 10
    assert complete_steps(Path(config.folder) / "checkpoints") == [10, 40]
    assert jaxcnn.load(config.folder).step == 10
    assert jaxcnn.load(config.folder, step=40).step == 40


def test_another_config_in_the_same_folder_is_refused_and_changes_nothing(tiny):
    fit.fit(tiny)
    before = sorted((p, p.stat().st_mtime_ns) for p in Path(tiny.folder).rglob("*") if p.name != ".lock")
    with pytest.raises(UserError, match="another config:\n  seed: 0 there, 3 here"):
        fit.fit(replace(tiny, seed=3))
    assert before == sorted((p, p.stat().st_mtime_ns) for p in Path(tiny.folder).rglob("*") if p.name != ".lock")


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_step(tiny):
    huge = replace(
        tiny, optimizer=replace(tiny.optimizer, learning_rate=1e30), schedule=replace(tiny.schedule, name="constant")
    )
    with pytest.raises(UserError, match=r"not finite at step \d+; no checkpoint was saved before it"):
        fit.fit(huge)


@SLOW
def test_a_state_after_a_loss_that_is_not_finite_is_never_saved(tiny):
    """Even where it is time to save and not to log."""
    huge = replace(tiny, optimizer=replace(tiny.optimizer, learning_rate=1e30), folder=tiny.folder + "-often")
    with pytest.raises(Diverged) as diverged:
        fit.fit(replace(huge, log_every="40steps", checkpoint_every="1steps"))
    steps = complete_steps(Path(huge.folder) / "checkpoints")
    assert steps
    assert max(steps) < diverged.value.step


@pytest.mark.filterwarnings("ignore:overflow encountered in multiply")
@pytest.mark.parametrize(("rate", "factor"), [(0.2, 1e30), pytest.param(10.0, 1e38, marks=SLOW)])
@pytest.mark.parametrize("validation", [pytest.param(0, marks=SLOW), 100])
def test_a_last_step_that_diverges_is_divergence_and_not_a_result(tiny, rate, factor, validation):
    """The loss of every batch is finite; the weights after the last step, or what they give, are not."""
    jump = replace(tiny.schedule, name="step", boundaries=("3steps",), factor=factor)
    data = replace(tiny.data, validation=validation)
    optimizer = replace(tiny.optimizer, learning_rate=rate)
    last = replace(
        tiny, optimizer=optimizer, schedule=jump, data=data, duration="4steps", checkpoint_every="2steps", ema=0.0
    )
    with pytest.raises(Diverged, match=r"not finite at step 4(.|\n)*last good checkpoint is step 2") as diverged:
        fit.fit(last)
    assert diverged.value.step == 4
    steps = complete_steps(Path(tiny.folder) / "checkpoints")
    assert steps == ([2, 4] if factor == 1e30 and not validation else [2])  # finite weights, and nothing to try them on
    assert not (Path(tiny.folder) / "summary.json").exists()
    for line in (Path(tiny.folder) / "metrics.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)


BOOKKEEPING = {"keep": 5, "log_every": "3steps", "checkpoint_every": "7steps", "evaluate_every": "9steps"}


def test_bookkeeping_may_differ_on_resume_and_changes_no_bit(tiny, tmp_path, monkeypatch):
    tiny = replace(tiny, model="mlp:hidden=(16,)")
    unbroken = replace(tiny, folder=str(tmp_path / "unbroken"))
    fit.fit(unbroken)
    with monkeypatch.context() as patch:
        stop_at(patch, 13)
        with pytest.raises(signals.Stopped):
            fit.fit(tiny)
    summary = fit.fit(replace(tiny, **BOOKKEEPING))
    assert complete_steps(Path(tiny.folder) / "checkpoints") == [14, 21, 28, 35, 40]
    (_, expected), (_, state) = newest_state(unbroken.folder), newest_state(tiny.folder)
    assert_same({**expected, "metrics": None}, {**state, "metrics": None})
    assert timeless(summary) == timeless(finished(unbroken))


def test_where_the_best_is_selected_what_it_is_selected_from_may_not_differ(tiny):
    best = replace(tiny, select="best")
    for name, value in BOOKKEEPING.items():
        wanted = (
            [f"{name}: {getattr(tiny, name)} there, {value} here"]
            if name.endswith(("point_every", "ate_every"))
            else []
        )
        assert differences(replace(best, **{name: value}), best) == wanted
        assert differences(replace(tiny, **{name: value}), tiny) == []


def test_to_train_longer_the_message_names_the_way(tiny):
    tiny = replace(tiny, model="softmax", augment=(), duration="2steps", folder=tiny.folder + " of mine")
    fit.fit(tiny)
    with pytest.raises(UserError, match="another config:\n  duration: 2steps there, 4steps here") as refused:
        fit.fit(replace(tiny, duration="4steps"))
    (way,) = [line for line in str(refused.value).splitlines() if "--init.source" in line]
    words = shlex.split(way.partition(": ")[2])
    assert words == ["--init.source", tiny.folder, "--folder", f"{tiny.folder}-2"]
    longer = replace(tiny, duration="4steps", folder=words[3], init=replace(tiny.init, source=words[1]))
    assert fit.fit(longer)["steps"] == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "quicknett"}, "unknown model 'quicknett': did you mean 'quicknet'"),
        ({"model": "quicknet:width=3"}, "model 'quicknet' takes no 'width'"),
        ({"model": "neuron"}, "two classes|2 classes"),
        ({"batch_size": 5000}, "larger than the training set"),
        ({"duration": "0.001epochs"}, "has not a single step"),
        ({"image_sizes": (("50%", 0),)}, "images of 0 x 0 have no pixel"),
        ({"schedule": ScheduleConfig(warmup="2epochs")}, "the whole training has 40"),
        ({"select": "best", "evaluate_every": "0steps"}, "only the last checkpoint to choose from"),
        ({"devices": 3}, "3 wanted, 1 found"),
        ({"grad_accum_steps": 5}, "batch_size 32 does not divide"),
        ({"augment": ("crop:padding=40",)}, "smaller than the image"),
    ],
)
def test_a_bad_config_is_one_clear_error_before_anything_is_written(tiny, change, message):
    with pytest.raises(UserError, match=message):
        fit.fit(replace(tiny, **change))
    assert not (Path(tiny.folder) / "config.json").exists()


def test_what_is_compiled_ahead_is_the_step_that_a_run_begins_or_goes_on_with(tiny, monkeypatch):
    phases = replace(tiny.optimizer, freeze_at=(("head/*", "20steps"),))
    config, ahead = replace(tiny, model="quicknet:stem=2,widths=()", optimizer=phases), []
    monkeypatch.setattr(devices.CompiledStep, "compile_ahead", lambda step, *shapes: ahead.append(step))
    with monkeypatch.context() as patched:
        stop_at(patched, 20)
        with pytest.raises(signals.Stopped):
            fit.fit(config)
    fit.fit(config)
    assert [step._compiled is not None for step in ahead] == [True, True]
