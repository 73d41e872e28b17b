"""Commands that a user types, in processes of their own, and events in them that a test can wait for."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]

TINY = [
    *("--model", "quicknet:widths=(4,4,8)", "--data.name", "digits", "--data.validation", "100"),
    *("--batch-size", "32", "--log-every", "10steps", "--evaluate-every", "20steps", "--checkpoint-every", "20steps"),
    *("--no-tensorboard", "--dtype", "float32"),
]
"""Settings that make any experiment small and the same on every processor, for the command line."""

PATIENCE = 900
"""Seconds until a test no longer believes in an event. A net under all that is waited for, on however slow a machine;
no test passes or fails by how long something took."""

Start = Callable[..., subprocess.Popen[str]]


COMPILE_QUICKLY = "--xla_backend_optimization_level=0"
"""XLA's flag for the tests themselves, most of whose time goes into compiling; commands compile as those of users."""


def environment(**changes: str) -> dict[str, str]:
    """What a command that a test starts sees: what the tests were started with, and `changes`."""
    flags = os.environ.get("XLA_FLAGS", "").replace(COMPILE_QUICKLY, "").strip()
    set_up = {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "XLA_FLAGS": flags, "JAXCNN_RUNTIME": "on"}
    return os.environ | set_up | changes


def run_command(*arguments: str, cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """`python -m ARGUMENTS` in a fresh process, from the folder `cwd`."""
    return run_program([sys.executable, "-m", *arguments], cwd, **changes)


def run_program(command: Iterable[str | Path], cwd: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    surroundings = environment(**changes)
    return subprocess.run(list(command), cwd=cwd, env=surroundings, capture_output=True, text=True, timeout=PATIENCE)


def prepared(code: str, *arguments: str) -> list[str]:
    """The command `python -m ARGUMENTS` in a process that runs `code` first.

    With it a test forces an order that is otherwise a matter of luck: it makes the process stop, or die, at an event.
    """
    return [sys.executable, "-c", code + RUN, *arguments]


RUN = """
import runpy, sys
sys.argv.pop(0)
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""

AT_RENAME = """
import os, sys
def watch(event, arguments):
    if event == "os.rename" and os.path.basename(os.path.dirname(os.fspath(arguments[1]))) == "checkpoints":
        {then}
sys.addaudithook(watch)
"""
"""Code for `prepared`: does `then` where a checkpoint that is wholly written gets the name `arguments[1]`."""


def wait_until(happened: Callable[[], bool], *processes: subprocess.Popen[str]) -> None:
    """Waits for an event that none of `processes` outlives."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        for process in processes:
            assert process.poll() is None or happened(), process.communicate()
        assert time.monotonic() < deadline, f"not after {PATIENCE} seconds"
        time.sleep(0.02)


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """(exit status, standard output, standard error), as soon as it ends by itself."""
    said, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, said, errors
