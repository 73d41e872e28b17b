"""Real faults, through the command line; minutes, not seconds."""

import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
from helpers.processes import ROOT, TINY, environment, run_command

import jaxcnn
from jaxcnn.runs.checkpoints import ITEM, complete_steps

pytestmark = pytest.mark.slow

OFTEN = [*TINY, "--model", "mlp:hidden=(64,)", "--checkpoint-every", "2steps", "--evaluate-every", "10steps"]
"""A run that is saving most of the time."""

PATIENCE = 900
"""Seconds; a machine that does much else besides is slow."""


@pytest.fixture
def start(tmp_path):
    """Starts runs in `tmp_path`; what a test leaves running is killed at its end."""
    started: list[subprocess.Popen] = []

    def begin(folder: str, *arguments: str) -> subprocess.Popen:
        started.append(launch(folder, *arguments, cwd=tmp_path))
        return started[-1]

    yield begin
    for process in started:
        with process:  # closes its pipes
            process.kill()


def launch(folder: str, *arguments: str, cwd: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "experiments.quickstart", *OFTEN, *arguments, "--folder", folder]
    cached = environment(JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="0")  # a restart is mostly compilation
    return subprocess.Popen(command, cwd=cwd, env=cached, stderr=subprocess.PIPE, text=True)


def wait_for_a_step_beyond(process: subprocess.Popen, run: Path, step: int) -> int:
    """The newest step on disk as soon as it is larger than `step`, or when the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        newest = max(complete_steps(run / "checkpoints"), default=0)
        if newest > step or process.poll() is not None:
            return newest
        time.sleep(0.01)
    raise AssertionError(f"no step beyond {step} after {PATIENCE} seconds")


def arrays(run: Path) -> list[np.ndarray]:
    """Every array of the newest checkpoint: parameters, optimizer, key, step."""
    step = complete_steps(run / "checkpoints")[-1]
    with ocp.PyTreeCheckpointer() as checkpointer:
        state = checkpointer.restore(run / "checkpoints" / str(step) / ITEM)
    return jax.tree.leaves(state | {"key": jax.random.key_data(state["key"])})


def assert_same_end(first: Path, second: Path) -> None:
    pairs = list(zip(arrays(first), arrays(second), strict=True))
    assert len(pairs) > 10
    assert all((np.asarray(a) == np.asarray(b)).all() for a, b in pairs)
    runs = [jaxcnn.load(path) for path in (first, second)]
    assert runs[0].step == runs[1].step
    assert {k: v for k, v in runs[0].metrics.items() if k != "wall_seconds"} == {
        k: v for k, v in runs[1].metrics.items() if k != "wall_seconds"
    }


@pytest.mark.filterwarnings("ignore:Sharding info not provided")
def test_a_run_killed_at_twenty_random_moments_ends_as_the_unbroken_one(start, tmp_path):
    kills, duration = 20, ("--duration", "120steps")
    whole = start("unbroken", *duration)
    assert whole.wait(timeout=PATIENCE) == 0
    chance, newest, broken = random.Random(0), 0, tmp_path / "broken"
    half_saved = 0
    for _ in range(kills):
        process = start("broken", *duration)
        newest = wait_for_a_step_beyond(process, broken, newest)
        time.sleep(chance.uniform(0, 0.3))
        assert process.poll() is None, process.stderr.read()
        process.kill()
        process.communicate()
        half_saved += any(not p.name.isdigit() for p in (broken / "checkpoints").iterdir())
    last = start("broken", *duration)
    _, errors = last.communicate(timeout=PATIENCE)
    assert last.returncode == 0, errors
    assert "resumed at step" in errors
    assert half_saved, "no kill fell into a save: the test shows nothing"
    assert_same_end(tmp_path / "unbroken", broken)
    assert [p.name for p in (broken / "checkpoints").iterdir() if not p.name.isdigit()] == []


def test_a_second_ctrl_c_ends_at_once_and_what_was_saved_stays(start, tmp_path):
    process = start("run", "--duration", "1000000steps")
    wait_for_a_step_beyond(process, tmp_path / "run", 0)
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < 60:
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)  # less than a save takes
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT, errors
    assert "Traceback" not in errors
    assert jaxcnn.load(tmp_path / "run").step >= 2


def mounted(tmp_path: Path, mount: str, command: str) -> subprocess.CompletedProcess:
    """Runs `command` where `mount` was done, in a name space of mounts that ends with it."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine lets no process mount anything (unshare -rm)")
    script = f"cd {tmp_path} && {mount} && cd {tmp_path} && {command}"
    arguments = ["unshare", "-rm", "bash", "-c", script]
    return subprocess.run(arguments, env=environment(), capture_output=True, text=True, timeout=PATIENCE)


def command(*arguments: str) -> str:
    return shlex.join([sys.executable, "-m", "experiments.quickstart", *TINY, *arguments])


def test_a_full_disk_is_one_message_and_with_room_again_the_run_goes_on(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "kept").mkdir()
    run = command("--model", "mlp:hidden=(128,)", "--duration", "100000steps", "--folder", "disk/run", "--keep", "9")
    script = f"{run}; echo status $?; cp -r disk/run kept"
    result = mounted(tmp_path, "mount -t tmpfs -o size=12m tmpfs disk", script)
    assert "status 2" in result.stdout, result.stderr
    assert "could not save a checkpoint" in result.stderr or "cannot write" in result.stderr
    assert "Traceback" not in result.stderr
    assert len(complete_steps(tmp_path / "kept/run/checkpoints")) > 2
    assert jaxcnn.load(tmp_path / "kept/run").step == complete_steps(tmp_path / "kept/run/checkpoints")[-1]


def test_a_read_only_run_can_be_loaded_and_not_trained_on(tmp_path):
    arguments = ("experiments.quickstart", *TINY, "--duration", "20steps", "--folder", "run")
    assert run_command(*arguments, cwd=tmp_path, timeout=PATIENCE).returncode == 0
    (tmp_path / "run/summary.json").unlink()
    load = shlex.join([sys.executable, "-c", "import jaxcnn; print('loaded', jaxcnn.load('run').step)"])
    train = command("--duration", "20steps", "--folder", "run")
    anew = command("--duration", "20steps", "--folder", "run/inner")
    read_only = "mount --bind run run && mount -o remount,ro,bind run"
    result = mounted(tmp_path, read_only, f"{load}; {train}; echo status $?; {anew}; echo status $?")
    assert "loaded 20" in result.stdout, result.stderr
    assert result.stdout.count("status 2") == 2, result.stderr
    assert result.stderr.count("cannot write to run") == 2
    assert "Read-only file system; choose another with --folder" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_checkpoint_of_eight_devices_goes_on_with_one(tmp_path):
    arguments = ("experiments.quickstart", *TINY, "--duration", "20steps", "--folder", "run")
    eight = run_command(*arguments, "--devices", "8", cwd=tmp_path, timeout=PATIENCE)
    assert eight.returncode == 0, eight.stderr
    step, variables = jaxcnn.load(tmp_path / "run").step, jaxcnn.load(tmp_path / "run").variables
    (tmp_path / "run/summary.json").unlink()
    one = run_command(*arguments, cwd=tmp_path, timeout=PATIENCE)
    assert "resumed at step 20" in one.stderr
    again = jaxcnn.load(tmp_path / "run")
    assert (step, again.step) == (20, 20)
    assert all((a == b).all() for a, b in zip(*map(jax.tree.leaves, (variables, again.variables)), strict=True))


def test_a_checkpoint_written_with_the_oldest_python_and_jax_is_read_by_this_one(tmp_path):
    python = ROOT / ".venv-python3.11/bin/python"
    if not python.exists():
        pytest.skip("no .venv-python3.11: make test PYTHON=python3.11 ARGS=tests/test_rules.py makes it")
    arguments = ["-m", "experiments.quickstart", *TINY, "--duration", "40steps", "--folder", "run"]
    written = subprocess.run(
        [python, *arguments], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=PATIENCE
    )
    assert written.returncode == 0, written.stderr
    run = jaxcnn.load(tmp_path / "run")
    assert run.step == 40
    (tmp_path / "run/summary.json").unlink()
    shutil.rmtree(tmp_path / "run/checkpoints/40")
    result = run_command(*arguments[1:], cwd=tmp_path, timeout=PATIENCE)
    assert result.returncode == 0, result.stderr
    assert "resumed at step 20" in result.stderr
    closest = jaxcnn.load(tmp_path / "run").metrics["test_accuracy"]
    assert abs(closest - run.metrics["test_accuracy"]) < 0.1
