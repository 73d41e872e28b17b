"""Runs of several processes over loopback: the same bits as one process, and no survivor that waits for ever."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest

import jaxcnn
from helpers.processes import TINY, environment, run_command
from jaxcnn.runs.checkpoints import ITEM, complete_steps

ARGUMENTS = ["experiments.quickstart", *TINY, "--model", "mlp:hidden=(32,)", "--checkpoint-every", "10steps"]
PATIENCE = 900
STATED_SECONDS = 30
"""Within this, a survivor has stopped (README, "More than one machine")."""


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def started():
    """Processes; what a test leaves running is killed at its end."""
    processes: list[subprocess.Popen] = []
    yield processes
    for process in processes:
        with process:  # closes its pipes
            process.kill()


@pytest.fixture
def two(started, tmp_path):
    """Starts the two processes of one run in `tmp_path`."""

    def begin(*arguments: str) -> list[subprocess.Popen]:
        pair = launch(*arguments, cwd=tmp_path)
        started.extend(pair)
        return pair

    return begin


def launch(*arguments: str, cwd: Path) -> list[subprocess.Popen]:
    job = ("--distributed.coordinator", f"localhost:{free_port()}", "--distributed.processes", "2")
    return [
        subprocess.Popen(
            [sys.executable, "-m", *ARGUMENTS, *arguments, *job, "--distributed.process", str(process)],
            cwd=cwd,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in (0, 1)
    ]


def ends(processes: list[subprocess.Popen], timeout: float = PATIENCE) -> list[tuple[int, str, str]]:
    """(exit status, standard output, standard error) of each, without what Gloo and the start say."""
    results = []
    for process in processes:
        said, errors = (_of_the_run(text) for text in process.communicate(timeout=timeout))
        results.append((process.returncode, said, errors))
    return results


def _of_the_run(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(("[Gloo]", "waiting up to")))


def begun(processes: list[subprocess.Popen], run: Path, step: int) -> None:
    """Waits for a checkpoint of `step` or later."""
    deadline = time.monotonic() + PATIENCE
    while max(complete_steps(run / "checkpoints"), default=0) < step:
        assert all(process.poll() is None for process in processes), ends(processes)
        assert time.monotonic() < deadline, f"no step {step} after {PATIENCE} seconds"
        time.sleep(0.05)


def state(run: Path, step: int):
    with ocp.PyTreeCheckpointer() as checkpointer:
        here = checkpointer.metadata(run / "checkpoints" / str(step) / ITEM).item_metadata.tree
        one = jax.sharding.SingleDeviceSharding(jax.devices()[0])
        wanted = jax.tree.map(lambda _: ocp.ArrayRestoreArgs(sharding=one), here)
        restored = checkpointer.restore(run / "checkpoints" / str(step) / ITEM, restore_args=wanted)
    return jax.tree.map(np.asarray, restored | {"key": jax.random.key_data(restored["key"])})


def take_back(run: Path) -> None:
    """The run as it was after step 20."""
    (run / "summary.json").unlink()
    shutil.rmtree(run / "checkpoints/40")


@pytest.mark.slow
def test_two_processes_of_two_devices_are_one_process_of_four_to_the_bit_and_go_on_from_each_other(two, tmp_path):
    settings = ("--model", "quicknet:widths=(4,4)", "--batch-norm", "local", "--duration", "40steps")
    common = (*settings, "--checkpoint-every", "20steps")

    def of_two(folder: str) -> list[tuple[int, str, str]]:
        results = ends(two(*common, "--devices", "2", "--folder", folder))
        assert [status for status, _, _ in results] == [0, 0], results
        return results

    def of_one(folder: str) -> str:
        arguments = (*ARGUMENTS, *common, "--devices", "4", "--folder", folder)
        result = run_command(*arguments, cwd=tmp_path, timeout=PATIENCE)
        assert result.returncode == 0, result.stderr
        return result.stderr

    (_, said, told), (_, *silent) = of_two("two")
    assert "4 x cpu" in told
    assert "test accuracy" in said
    assert "".join(silent) == ""
    of_one("one")
    one = state(tmp_path / "one", 40)
    same(one, state(tmp_path / "two", 40))
    assert rows(tmp_path / "one") == rows(tmp_path / "two")

    for name in ("one", "two"):
        take_back(tmp_path / name)
    assert "resumed at step 20" in of_two("one")[0][2]
    assert "resumed at step 20" in of_one("two")
    for name in ("one", "two"):
        same(one, state(tmp_path / name, 40))


def same(first, second) -> None:
    assert jax.tree.structure(first) == jax.tree.structure(second)
    jax.tree.map(np.testing.assert_array_equal, first, second)


def rows(run: Path) -> list[dict[str, float]]:
    """What was logged, without the speed."""
    read = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "images_per_second"} for row in read]


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_when_a_process_dies_the_other_says_so_and_stops_and_all_can_be_started_again(two, tmp_path, victim):
    run = tmp_path / "run"
    endless = ("--devices", "1", "--folder", "run", "--duration", "1000000steps")
    processes = two(*endless)
    begun(processes, run, 10)
    processes[victim].kill()
    died = time.monotonic()
    survivor = processes[1 - victim]
    status, _, errors = ends([survivor], timeout=STATED_SECONDS)[0]
    assert time.monotonic() - died < STATED_SECONDS
    assert status == 1, errors
    assert f"process {1 - victim}: process {victim} of the run is gone" in errors
    assert "Traceback" not in errors
    processes[victim].communicate()
    newest = complete_steps(run / "checkpoints")[-1]
    processes = two(*endless)
    begun(processes, run, newest + 10)
    processes[victim].send_signal(signal.SIGTERM)  # to one of them: both save the same step and stop
    results = ends(processes, timeout=60)
    assert [status for status, _, _ in results] == [143, 143], results
    assert f"resumed at step {newest:,}" in results[0][2]
    assert "SIGTERM: saved step" in results[0][2]
    assert f"saved step {jaxcnn.load(run).step} of" in results[0][2]


@pytest.mark.slow
def test_slurm_says_who_is_who(tmp_path):
    job = {"SLURM_JOB_ID": str(free_port()), "SLURM_STEP_NODELIST": "localhost", "SLURM_NTASKS": "2"}
    auto = [*ARGUMENTS, "--duration", "4steps", "--distributed.coordinator", "auto"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", *auto],
            cwd=tmp_path,
            env=environment(**job, SLURM_PROCID=str(process), SLURM_LOCALID=str(process)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in (0, 1)
    ]
    results = ends(processes)
    assert [status for status, _, _ in results] == [0, 0], results
    assert "2 x cpu" in results[0][2]
    assert jaxcnn.load(tmp_path / "runs/quickstart").step == 4


@pytest.mark.slow
def test_a_mistake_on_one_machine_ends_the_others(tmp_path):
    job = ("--distributed.coordinator", f"localhost:{free_port()}", "--distributed.processes", "2")
    data = [{}, {"TFDS_DATA_DIR": str(tmp_path / "nothing"), "HTTPS_PROXY": "http://127.0.0.1:9"}]
    arguments = [argument for argument in ARGUMENTS if argument not in ("--data.name", "digits")]
    data_of = ["--data.name", "digits"], ["--data.name", "mnist", "--data.fallback", ""]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", *arguments, *data_of[k], *job, "--distributed.process", str(k), "--folder", "run"],
            cwd=tmp_path,
            env=environment(**data[k]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for k in (0, 1)
    ]
    (first, _, noticed), (second, _, said) = ends(processes)
    assert (first, second) == (1, 2), (noticed, said)
    assert "process 1: error: " in said
    assert "TFDS_DATA_DIR" in said
    assert "process 0: process 1 of the run is gone" in noticed


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["--distributed.coordinator", "localhost", "--distributed.processes", "2"], "HOST:PORT"),
        (
            ["--distributed.coordinator", "localhost:1", "--distributed.processes", "2", "--distributed.process", "2"],
            "2 of 2",
        ),
        (["--distributed.coordinator", "auto"], "did not come together at auto"),
    ],
)
def test_settings_that_are_not_whole(tmp_path, settings, message):
    result = run_command(*ARGUMENTS, *settings, cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()
