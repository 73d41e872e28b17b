"""Commands as a user types them, in processes of their own."""

import json
import os
import signal
import sys

import numpy as np
import pytest

from helpers.processes import TINY, end, run_command, wait_until
from helpers.runs import logged
from jaxcnn.console import entry
from jaxcnn.parallel import devices


def test_help_shows_every_setting_and_starts_without_jax(tmp_path):
    result = run_command("experiments.resnet20", "--help", cwd=tmp_path, COLUMNS="100")
    assert result.returncode == 0
    for setting in ("--optimizer.learning-rate FLOAT", "--schedule.boundaries", "--seed INT", "(default: 64000steps)"):
        assert setting in result.stdout
    (tmp_path / "imports.py").write_text("import sys; from experiments import resnet20; print('jax' in sys.modules)")
    assert run_command("imports", cwd=tmp_path).stdout == "False\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--optimizer.learning-rat", "1"], "--optimizer.learning-rate"),
        pytest.param(["--batch-size", "many"], "--batch-size INT", marks=pytest.mark.slow),
        (["--duration", "10"], "write it as 10epochs"),
        (["--model", "quicknett"], "did you mean 'quicknet'"),
        pytest.param(["--data.name", "digit"], "did you mean 'digits'", marks=pytest.mark.slow),
        (["--init.source", "nowhere"], "'nowhere' is neither the folder of a run nor a .safetensors file"),
        pytest.param(["--devices", "3"], "does not divide among 3 devices: use 30 or 33", marks=pytest.mark.slow),
        pytest.param(["--data.name", "digits", "--data.classes", "0", "11"], "11", marks=pytest.mark.slow),
    ],
)
def test_a_bad_command_is_one_clear_error_and_status_2(tmp_path, arguments, message):
    result = run_command("experiments.quickstart", *TINY, *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()


def test_leaving_does_not_wait_for_a_step_that_is_being_compiled(monkeypatch):
    left = []
    monkeypatch.setattr(os, "_exit", left.append)
    monkeypatch.setattr(devices, "is_compiling", lambda: True)
    with pytest.raises(SystemExit):  # this test's os._exit returns
        entry.exit_with(2, "error: a")
    assert left == [2]
    monkeypatch.setattr(devices, "is_compiling", lambda: False)
    with pytest.raises(SystemExit) as ended:
        entry.exit_with(130, "")
    assert (ended.value.code, left) == (130, [2])


@pytest.mark.slow
def test_train_again_and_load_from_another_folder(tmp_path):
    first = run_command("experiments.quickstart", *TINY, "--duration", "40steps", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "parameters" in first.stderr
    summary = json.loads((tmp_path / "runs/quickstart/summary.json").read_text())
    assert {"test_accuracy", "validation_accuracy", "steps", "wall_seconds", "dataset", "parameters"} <= summary.keys()
    again = run_command("experiments.quickstart", *TINY, "--duration", "40steps", cwd=tmp_path)
    assert again.returncode == 0
    assert "This run is finished. To repeat it, remove runs/quickstart" in again.stderr
    assert again.stdout == first.stdout
    other = run_command("experiments.quickstart", *TINY, "--duration", "40steps", "--seed", "3", cwd=tmp_path)
    assert other.returncode == 2
    assert "seed: 0 there, 3 here" in other.stderr

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    script = f"""
import jaxcnn, numpy
run = jaxcnn.load({str(tmp_path / "runs/quickstart")!r})
print(run.step, run.metrics["test_accuracy"], run.predict(numpy.zeros((3, 32, 32, 3), "uint8")).shape)
"""
    (elsewhere / "use.py").write_text(script)
    loaded = run_command("use", cwd=elsewhere)
    assert loaded.stdout.split() == ["40", str(summary["test_accuracy"]), "(3,", "10)"], loaded.stderr


@pytest.mark.slow
def test_no_data_and_no_network_is_an_error_and_in_the_quick_start_a_loud_fallback(tmp_path):
    nothing = {
        "TFDS_DATA_DIR": str(tmp_path / "nothing"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    result = run_command("experiments.softmax", cwd=tmp_path, **nothing)
    assert result.returncode == 2
    assert "TFDS_DATA_DIR" in result.stderr
    arguments = [a for a in TINY if a not in ("--data.name", "digits")]
    result = run_command("experiments.quickstart", *arguments, "--duration", "4steps", cwd=tmp_path, **nothing)
    assert result.returncode == 0, result.stderr
    assert "WARNING: training on 'digits' instead" in result.stderr
    summary = json.loads((tmp_path / "runs/quickstart/summary.json").read_text())
    assert (summary["dataset"], summary["fallback"]) == ("digits", True)


RARE = ((signal.SIGINT, 130), (signal.SIGHUP, 129), (signal.SIGUSR2, 128 + signal.SIGUSR2))
SIGNALS = [(signal.SIGTERM, 143), *(pytest.param(*each, marks=pytest.mark.slow) for each in RARE)]


@pytest.mark.parametrize(("number", "status"), SIGNALS)
def test_a_signal_saves_and_stops(start, tmp_path, number, status):
    process = start([sys.executable, "-m", "experiments.quickstart", *TINY, "--duration", "1000000steps"])
    log = tmp_path / "runs/quickstart/metrics.jsonl"
    wait_until(lambda: log.exists() and log.read_text().count("\n") > 3, process)
    process.send_signal(number)
    ended, _, errors = end(process)
    assert ended == status, errors
    assert f"{number.name}: saved step" in errors
    steps = int(errors.split("saved step ")[1].split()[0])
    assert str(steps) in {p.name for p in (tmp_path / "runs/quickstart/checkpoints").iterdir()}
    assert "Traceback" not in errors


@pytest.mark.slow
def test_eight_devices_agree_with_one(tmp_path):
    gentle = ("--optimizer.name", "sgd", "--optimizer.learning-rate", "0.01")  # larger steps enlarge rounding, too
    losses = []
    for count in ("1", "8"):
        arguments = (*TINY, *gentle, "--duration", "20steps", "--devices", count, "--folder", count)
        result = run_command("experiments.quickstart", *arguments, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert f"{count} x cpu" in result.stderr
        losses.append([row["loss"] for row in logged(tmp_path / count)])
    np.testing.assert_allclose(*losses, rtol=1e-4)


@pytest.mark.slow
def test_a_run_begun_on_one_device_is_taken_up_by_eight(tmp_path):
    arguments = ("experiments.quickstart", *TINY, "--duration", "20steps")
    assert run_command(*arguments, cwd=tmp_path).returncode == 0
    (tmp_path / "runs/quickstart/summary.json").unlink()
    result = run_command(*arguments, "--devices", "8", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "resumed at step 20" in result.stderr
