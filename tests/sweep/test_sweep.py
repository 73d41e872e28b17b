"""Sweeps: their parts, and a real one from the command line, interrupted and resumed."""

import fcntl
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.processes import end, run_command, wait_until
from helpers.trial import TRIAL
from jaxcnn.config import Config
from jaxcnn.config_json import changed, to_dict
from jaxcnn.errors import UserError
from jaxcnn.report.scores import from_csv
from jaxcnn.runs.steps import complete_steps
from jaxcnn.sweep import Sweep, only, parse_changes, slug
from jaxcnn.sweep.launch import LocalJob, _reason, check

BASE = Config(name="base", duration="2epochs", seed=4)
SWEEP = Sweep(
    name="rates",
    base=BASE,
    variations={"low": {"optimizer.learning_rate": 0.01}, "long": {"duration": "3epochs"}},
    full={"duration": "100epochs", "batch_size": 256},
)


def test_a_sweep_is_variations_times_seeds_each_with_a_folder_of_its_own():
    rows = SWEEP.rows(seeds=2)
    assert [(row.label, row.seed) for row in rows] == [("low", 4), ("low", 5), ("long", 4), ("long", 5)]
    assert [str(row.folder) for row in rows] == [
        f"runs/sweep-rates/{label}/seed-{seed}" for label in ("low", "long") for seed in (4, 5)
    ]
    assert rows[1].config == replace(
        BASE,
        name="sweep-rates",
        seed=5,
        optimizer=replace(BASE.optimizer, learning_rate=0.01),
        folder=str(rows[1].folder),
    )


def test_a_variation_wins_over_the_full_sweep_and_the_command_line_over_both():
    full = {row.label: row.config for row in SWEEP.rows(full=True)}
    assert (full["low"].duration, full["long"].duration, full["long"].batch_size) == ("100epochs", "3epochs", 256)
    assert full["low"].folder.startswith("runs/sweep-rates-full/")
    changes = parse_changes([("duration", "5steps"), ("optimizer.momentum", "0.5"), ("augment", '["flip"]')])
    config = SWEEP.rows(full=True, changes=changes)[0].config
    assert (config.duration, config.optimizer.momentum, config.augment) == ("5steps", 0.5, ("flip",))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: changed(BASE, {"optimizer.learning_rat": 1}), "did you mean 'optimizer.learning_rate'"),
        (lambda: changed(BASE, {"batch_size": "many"}), "batch_size has a wrong value"),
        (lambda: replace(SWEEP, variations={"a b": {}, "a-b": {}}).rows(), "'a b', 'a-b' would share a folder"),
        (lambda: only(SWEEP.rows(), ["lo"]), "did you mean 'low'"),
    ],
)
def test_a_bad_sweep_is_one_clear_error(make, message):
    with pytest.raises(UserError, match=message):
        make()


def test_a_slug_is_a_folder_name():
    assert [slug(label) for label in ("0.1", "a / b: c", "../..", "√")] == ["0.1", "a-b-c", "variation", "variation"]


@pytest.mark.slow
def test_a_sweep_reports_how_runs_end_and_repeats_only_what_failed(tmp_path):
    (tmp_path / "trial.py").write_text(TRIAL)
    result = run_command("trial", cwd=tmp_path)
    home = tmp_path / "runs/sweep-trial"
    assert result.returncode == 1, result.stderr
    assert "wrong (seed 0) failed: batch_size 5000 is larger than the training set" in result.stderr
    good, huge = from_csv((home / "table.csv").read_text()).rows
    assert (good.label, good.diverged) == ("good", None)
    assert good.values["test_accuracy"] > 0.3
    assert "- good: `python -m experiments.trial --only good`" in (home / "table.md").read_text()
    assert (huge.label, huge.values) == ("huge", {})
    assert huge.diverged is not None
    before = (home / "good/seed-0/summary.json").stat().st_mtime_ns
    fixed = run_command("trial", "--set", "data.validation", "100", cwd=tmp_path, TRIAL_BATCH="64")
    assert "3 runs, 2 of them ended before" in fixed.stderr
    assert (home / "good/seed-0/summary.json").stat().st_mtime_ns == before
    assert fixed.returncode == 1
    assert "the panel broken failed: RuntimeError: no picture" in fixed.stderr
    assert "How many" in (home / "index.html").read_text()


def test_a_folder_of_another_config_is_refused_before_anything_starts(tmp_path):
    (row, *_) = SWEEP.rows(folder=str(tmp_path))
    row.folder.mkdir(parents=True)
    (row.folder / "config.json").write_text(json.dumps(to_dict(row.config)))
    check(SWEEP.rows(folder=str(tmp_path)))
    with pytest.raises(UserError, match="duration: 2epochs there, 9epochs here"):
        check(SWEEP.rows(folder=str(tmp_path), changes={"duration": "9epochs"}))


class Said:
    """A job that has ended, and what it printed."""

    def __init__(self, text: str) -> None:
        self.text = text

    def poll(self) -> int:
        return 1

    def terminate(self) -> None: ...

    def output(self) -> str:
        return self.text


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("step 1\nerror: first\nerror: the batch\nis too large\n", "the batch\nis too large"),
        ("note: an error: of no line\nKilled\n", "Killed"),
        ("ValueError: what", "ValueError: what"),
        ("", "exit status 1"),
    ],
)
def test_a_failed_run_s_reason_is_its_last_error_or_its_last_line(said, reason):
    assert _reason(Said(said)) == reason


@pytest.mark.slow
def test_each_process_has_a_log_of_its_own(tmp_path):
    """Two sweeps may run the same variation: the second finds the folder in use, and must not quote the first."""
    (row,) = SWEEP.rows(folder=str(tmp_path))[:1]
    bad = replace(row, config=replace(row.config, model="unknown"))
    log = tmp_path / "logs" / "low.log"
    first, second = (LocalJob((bad,), [], log) for _ in range(2))
    for job in (first, second):
        with job._process:
            job._process.wait()
    with log.open("a") as file:
        file.write("error: of another process\n")
    assert sorted(path.name for path in log.parent.iterdir()) == ["low-2.log", "low.log"]
    assert "unknown model 'unknown'" in _reason(second)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_sweep_broken_off_resumes_its_runs(start, tmp_path, number, status):
    trial = tmp_path / "trial.py"
    trial.write_text(TRIAL.replace('"40steps"', '"1000000steps"'))
    runs = [tmp_path / f"runs/sweep-trial/good/seed-{seed}" for seed in (0, 1)]
    process = start([sys.executable, "-m", "trial", "--only", "good", "--seeds", "2"])
    wait_until(lambda: all(_lines(run / "metrics.jsonl") > 3 for run in runs), process)
    process.send_signal(number)
    ended, _, said = end(process)
    assert ended == status
    assert "FAILED" not in said
    wait_until(lambda: not any(map(_in_use, runs)))  # a worker outlives a sweep that was killed until it has saved
    assert "saved step" in _logs(tmp_path)
    duration = f"{max(complete_steps(run / 'checkpoints')[-1] for run in runs) + 100}steps"
    for path in (trial, *(run / "config.json" for run in runs)):
        path.write_text(path.read_text().replace("1000000steps", duration))
    result = run_command("trial", "--only", "good", "--seeds", "2", cwd=tmp_path)
    assert "resumed at step" in _logs(tmp_path)
    assert result.stderr.count("failed") == result.stderr.count("broken failed") + result.stderr.count("1 failed;")
    table = from_csv((tmp_path / "runs/sweep-trial/table.csv").read_text())
    assert [row.seed for row in table.of("good")] == [0, 1]


def _lines(path: Path) -> int:
    return path.read_text().count("\n") if path.exists() else 0


def _in_use(run: Path) -> bool:
    """Whether a process holds the lock of a run's folder."""
    with (run / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _logs(folder: Path) -> str:
    return "".join(path.read_text() for path in (folder / "runs/sweep-trial/logs").glob("*.log"))
