"""Runs of several processes over loopback: the same bits as one process, and no survivor that waits for ever."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxcnn
from helpers.processes import TINY, Start, end, prepared, run_command, wait_until
from helpers.runs import assert_same, logged, newest_state
from jaxcnn.runs.steps import complete_steps

Process = subprocess.Popen[str]
Two = Callable[..., list[Process]]

ARGUMENTS = ["experiments.quickstart", *TINY, "--model", "mlp:hidden=(32,)", "--checkpoint-every", "10steps"]
WATCHED = """
from jaxcnn.parallel import processes
processes.GRACE_SECONDS = 600
"""
"""A sum that fails because the other process is gone leaves the word to the watcher, however late that one wakes up."""


def free_port() -> int:
    """A port that nobody listens at, and that the kernel gives to no connection that leaves."""
    for port in range(20_000 + 97 * (os.getpid() % 100), 32_768):
        with contextlib.suppress(OSError), socket.create_server(("localhost", port)):
            return port
    raise AssertionError("no free port")


@pytest.fixture
def two(start: Start) -> Two:
    """Starts the two processes of one run."""

    def begin(*arguments: str, each: Sequence[Sequence[str]] = ((), ()), **changes: str) -> list[Process]:
        job = ("--distributed.coordinator", f"localhost:{free_port()}", "--distributed.processes", "2")
        commands = [
            (*ARGUMENTS, *arguments, *own, *job, "--distributed.process", str(process))
            for process, own in enumerate(each)
        ]
        return [start(prepared(WATCHED, *command), **changes) for command in commands]

    return begin


def ends(processes: list[Process]) -> list[tuple[int, str, str]]:
    """(exit status, standard output, standard error) of each, without what Gloo and the start say."""
    results = [end(process) for process in processes]
    return [(status, _of_the_run(said), _of_the_run(errors)) for status, said, errors in results]


def _of_the_run(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(("[Gloo]", "waiting up to")))


def begun(processes: list[Process], run: Path, step: int) -> None:
    """Waits for a checkpoint of `step` or later."""
    wait_until(lambda: max(complete_steps(run / "checkpoints"), default=0) >= step, *processes)


def take_back(run: Path) -> None:
    """The run as it was after step 20."""
    (run / "summary.json").unlink()
    shutil.rmtree(run / "checkpoints/40")


COMMON = (
    *("--model", "quicknet:widths=(4,4)", "--batch-norm", "local"),
    *("--duration", "40steps", "--checkpoint-every", "20steps"),
)


def of_two(two: Two, folder: str) -> list[tuple[int, str, str]]:
    results = ends(two(*COMMON, "--devices", "2", "--folder", folder))
    assert [status for status, _, _ in results] == [0, 0], results
    return results


def of_one(home: Path, folder: str) -> str:
    result = run_command(*ARGUMENTS, *COMMON, "--devices", "4", "--folder", folder, cwd=home)
    assert result.returncode == 0, result.stderr
    return result.stderr


@pytest.mark.slow
def test_two_processes_of_two_devices_are_one_process_of_four_to_the_bit(two, tmp_path):
    (_, said, told), (_, *silent) = of_two(two, "two")
    assert "4 x cpu" in told
    assert "test accuracy" in said
    assert "".join(silent) == ""
    of_one(tmp_path, "one")
    step, expected = newest_state(tmp_path / "one")
    assert step == 40
    assert_same(expected, newest_state(tmp_path / "two")[1])
    assert logged(tmp_path / "one") == logged(tmp_path / "two")

    for name in ("one", "two"):
        take_back(tmp_path / name)
    assert "resumed at step 20" in of_two(two, "one")[0][2]
    assert "resumed at step 20" in of_one(tmp_path, "two")
    for name in ("one", "two"):
        assert_same((40, expected), newest_state(tmp_path / name))


STREAMED = (
    *("--data.name", "folder:pictures", "--data.image-size", "16", "--data.validation", "8", "--augment", "flip"),
    *("--data.train-crop", "random_resized", "--batch-size", "8", "--duration", "12steps"),
    *("--evaluate-every", "6steps", "--checkpoint-every", "6steps"),
)


@pytest.mark.slow
def test_two_processes_decode_their_parts_of_what_one_streams(two, tmp_path):
    draw = np.random.default_rng(0)
    for place in range(48):
        home = tmp_path / "pictures" / ("dark", "light")[place % 2]
        home.mkdir(parents=True, exist_ok=True)
        pixels = draw.integers(0, 128, (20 + place, 30, 3), np.uint8) + np.uint8(127 * (place % 2))
        Image.fromarray(pixels).save(home / f"{place}.jpg")
    results = ends(two(*STREAMED, "--devices", "1", "--folder", "two", "--data.workers", "1"))
    assert [status for status, _, _ in results] == [0, 0], results
    result = run_command(*ARGUMENTS, *STREAMED, "--devices", "2", "--folder", "one", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert_same(newest_state(tmp_path / "one"), newest_state(tmp_path / "two"))
    assert logged(tmp_path / "one") == logged(tmp_path / "two")


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_when_a_process_dies_the_other_says_so_and_all_can_be_started_again(two, tmp_path, victim):
    run = tmp_path / "run"
    endless = ("--devices", "1", "--folder", "run", "--duration", "1000000steps")
    processes = two(*endless)
    begun(processes, run, 10)
    processes[victim].kill()
    status, _, errors = ends([processes[1 - victim]])[0]
    assert status == 1, errors
    # The watcher's words, which come as the kernel closes the connection; JAX's own heartbeat has others, and is slow.
    assert f"process {1 - victim}: process {victim} of the run is gone" in errors
    assert "Traceback" not in errors
    newest = complete_steps(run / "checkpoints")[-1]
    processes = two(*endless)
    begun(processes, run, newest + 10)
    processes[victim].send_signal(signal.SIGTERM)  # to one of them: both save the same step and stop
    results = ends(processes)
    assert [status for status, _, _ in results] == [143, 143], results
    assert f"resumed at step {newest:,}" in results[0][2]
    assert "SIGTERM: saved step" in results[0][2]
    assert f"saved step {jaxcnn.load(run).step} of" in results[0][2]


@pytest.mark.slow
def test_slurm_says_who_is_who(start, tmp_path):
    job = {"SLURM_JOB_ID": str(free_port()), "SLURM_STEP_NODELIST": "localhost", "SLURM_NTASKS": "2"}
    auto = (*ARGUMENTS, "--duration", "4steps", "--distributed.coordinator", "auto")
    processes = [
        start(prepared(WATCHED, *auto), **job, SLURM_PROCID=str(process), SLURM_LOCALID=str(process))
        for process in (0, 1)
    ]
    results = ends(processes)
    assert [status for status, _, _ in results] == [0, 0], results
    assert "2 x cpu" in results[0][2]
    assert jaxcnn.load(tmp_path / "runs/quickstart").step == 4


@pytest.mark.slow
def test_an_error_on_one_machine_ends_the_others(two, tmp_path):
    nothing = {"TFDS_DATA_DIR": str(tmp_path / "nothing"), "HTTPS_PROXY": "http://127.0.0.1:9"}
    missing = ("--data.name", "mnist", "--data.fallback", "")
    (first, _, noticed), (second, _, said) = ends(two("--folder", "run", each=((), missing), **nothing))
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
        (["--distributed.coordinator", "auto"], "timed out waiting for all processes to connect to auto"),
    ],
)
def test_a_bad_job_is_one_clear_error_and_status_2(tmp_path, settings, message):
    result = run_command(*ARGUMENTS, *settings, cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()
