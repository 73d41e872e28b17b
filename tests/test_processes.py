"""Runs of several processes over loopback: the same bits as one process, and no survivor that waits for ever."""

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
from tiny import TINY, environment, run_command

import jaxcnn
from jaxcnn.checkpoint import ITEM, complete_steps
from jaxcnn.run import read_json

ARGUMENTS = ["experiments.quickstart", *TINY, "--model", "quicknet:widths=(4,4)"]
STATED_SECONDS = 30
"""Within this, a survivor has stopped (README, "More than one machine")."""


def free_port() -> int:
    with socket.create_server(("localhost", 0)) as server:
        return server.getsockname()[1]


def two(*arguments: str, cwd: Path) -> list[subprocess.Popen]:
    """The two processes of one run."""
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


def ends(processes: list[subprocess.Popen], timeout: float = 400) -> list[tuple[int, str, str]]:
    """(exit status, standard output, standard error without Gloo's own lines) of each."""
    results = []
    for process in processes:
        said, errors = process.communicate(timeout=timeout)
        lines = [line for line in errors.splitlines() if not line.startswith("[Gloo]")]
        results.append((process.returncode, said, "\n".join(lines)))
    return results


def begun(processes: list[subprocess.Popen], run: Path, step: int) -> None:
    deadline = time.monotonic() + 300
    while max(complete_steps(run / "checkpoints"), default=0) < step and time.monotonic() < deadline:
        assert all(process.poll() is None for process in processes), ends(processes)
        time.sleep(0.05)


def state(run: Path, step: int):
    with ocp.PyTreeCheckpointer() as checkpointer:
        here = checkpointer.metadata(run / "checkpoints" / str(step) / ITEM).item_metadata.tree
        one = jax.sharding.SingleDeviceSharding(jax.devices()[0])
        wanted = jax.tree.map(lambda _: ocp.ArrayRestoreArgs(sharding=one), here)
        restored = checkpointer.restore(run / "checkpoints" / str(step) / ITEM, restore_args=wanted)
    return jax.tree.map(np.asarray, restored | {"key": jax.random.key_data(restored["key"])})


@pytest.mark.slow
def test_two_processes_of_two_devices_are_one_process_of_four_bit_for_bit(tmp_path):
    both = ("--duration", "40steps")
    results = ends(two(*both, "--devices", "2", "--folder", "two", cwd=tmp_path))
    assert [status for status, _, _ in results] == [0, 0], results
    (_, said, told), (_, silence, quiet) = results
    assert "4 x cpu" in told
    assert "test accuracy" in said
    assert (silence, quiet) == ("", "")
    alone = run_command(*ARGUMENTS, *both, "--devices", "4", "--folder", "one", cwd=tmp_path, timeout=400)
    assert alone.returncode == 0, alone.stderr
    for step in (20, 40):
        first, second = (state(tmp_path / name, step) for name in ("one", "two"))
        assert jax.tree.structure(first) == jax.tree.structure(second)
        assert all((a == b).all() for a, b in zip(*map(jax.tree.leaves, (first, second)), strict=True))
    timeless = [
        {k: v for k, v in read_json(tmp_path / name / "summary.json").items() if k != "wall_seconds"}
        for name in ("one", "two")
    ]
    assert timeless[0] == timeless[1]

    # a checkpoint of either goes on in the other
    for name in ("one", "two"):
        (tmp_path / name / "summary.json").unlink()
        shutil.rmtree(tmp_path / name / "checkpoints/40")
    (status, _, told), _ = ends(two(*both, "--devices", "2", "--folder", "one", cwd=tmp_path))
    assert status == 0, told
    assert "resumed at step 20" in told
    alone = run_command(*ARGUMENTS, *both, "--devices", "4", "--folder", "two", cwd=tmp_path, timeout=400)
    assert "resumed at step 20" in alone.stderr
    resumed = [state(tmp_path / name, 40) for name in ("one", "two")]
    for again in resumed:
        assert all((a == b).all() for a, b in zip(*map(jax.tree.leaves, (first, again)), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_when_a_process_dies_the_other_says_so_and_stops_and_all_can_be_started_again(tmp_path, victim):
    run = tmp_path / "run"
    endless = ("--devices", "1", "--folder", "run", "--duration", "1000000steps")
    processes = two(*endless, cwd=tmp_path)
    begun(processes, run, 20)
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
    processes = two(*endless, cwd=tmp_path)
    begun(processes, run, newest + 20)
    processes[victim].send_signal(signal.SIGTERM)  # to one of them: both save the same step and stop
    results = ends(processes, timeout=60)
    assert [status for status, _, _ in results] == [143, 143], results
    assert f"resumed at step {newest:,}" in results[0][2]
    assert "SIGTERM: saved step" in results[0][2]
    assert f"saved step {jaxcnn.load(run).step} of" in results[0][2]


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
