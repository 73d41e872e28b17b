"""Runs the rows of a sweep in parallel processes, watched through their run folders.

A finished run is not repeated, an interrupted one resumes, and one that fails is reported and does not stop the others.
Their output goes to `logs/` beside the runs.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from jaxcnn.config_json import differences, to_dict
from jaxcnn.console.signals import EXIT_STATUS, Stop
from jaxcnn.errors import UserError
from jaxcnn.report import Row
from jaxcnn.runs.folder import read_config
from jaxcnn.sweep.progress import SweepProgress

POLL_SECONDS = 0.2
MEMORY_OF_A_RUN = 2 << 30
"""Bytes: JAX, the programs it compiles, CIFAR-10, and the state of a small network."""

Task = tuple[Row, ...]
"""Rows that one process trains."""


class Job(Protocol):
    """A task that was started."""

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""

    def terminate(self) -> None:
        """Asks it to save and stop."""

    def output(self) -> str:
        """Everything it has printed."""


Start = Callable[[Task, list[int]], Job]
"""Starts a task, on the CPUs that are named (none: all)."""


@dataclass(frozen=True)
class Outcome:
    """How a launch ended: failed rows with the reason, and the exit status of the signal that stopped it."""

    failed: dict[Row, str]
    stopped: int = 0


class LocalJob:
    """A worker process on this machine; it stops when this process ends, however that happens."""

    def __init__(self, task: Task, cpus: list[int], log: Path) -> None:
        """Starts it; its output goes to `log`, or to a log of its own beside it if that exists already."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with _new_file(log) as file:
            self._log = Path(file.name)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jaxcnn.sweep.worker"],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,  # Ctrl-C reaches it through `terminate`, once
                text=True,
            )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message(task, cpus)) + "\n")
        self._process.stdin.flush()

    def poll(self) -> int | None:
        return self._process.poll()

    def terminate(self) -> None:
        self._process.terminate()

    def output(self) -> str:
        return self._log.read_bytes().decode(errors="replace")


def _new_file(path: Path) -> BinaryIO:
    """`path`, or the first of `path-2`, `path-3`, ... that does not exist: another sweep may be writing the others."""
    for number in itertools.count(1):
        try:
            return (path if number == 1 else path.with_stem(f"{path.stem}-{number}")).open("xb")
        except FileExistsError:
            continue
    raise AssertionError


def message(task: Task, cpus: list[int]) -> dict[str, Any]:
    """The message to a worker."""
    return {"configs": [to_dict(row.config) for row in task], "cpus": cpus}


def check(rows: Sequence[Row]) -> None:
    """Raises: UserError if a run's folder holds a run with another config."""
    for row in rows:
        if not (row.folder / "config.json").exists():
            continue
        changed = differences(row.config, read_config(row.folder))
        if changed:
            raise UserError(
                f"{row.folder} holds a run with another config:\n  " + "\n  ".join(changed) + "\n"
                "Choose another folder for the sweep (--folder runs/other), or remove that run to repeat it."
            )


def default_jobs(rows: Sequence[Row]) -> int:
    """One process per core, as far as memory allows; only one if there is an accelerator to share."""
    if any(Path(device).exists() for device in ("/dev/nvidia0", "/dev/accel0", "/dev/vfio/0")):
        return 1
    if any(row.config.devices > 1 for row in rows):
        return 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") if hasattr(os, "sysconf") else MEMORY_OF_A_RUN
    return max(min(len(cpus()), memory // MEMORY_OF_A_RUN, len(rows)), 1)


def cpus() -> list[int]:
    """The CPUs this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def launch(tasks: Sequence[Task], jobs: int, start: Start, watch: SweepProgress, shares: bool = True) -> Outcome:
    """Runs every task, `jobs` at a time, each on its own part of this machine's CPUs if `shares`."""
    waiting, running = deque(tasks), dict[int, tuple[Task, Job]]()
    failed: dict[Row, str] = {}
    places = _shares(jobs) if shares else [[] for _ in range(jobs)]
    with Stop() as stop, watch:
        while running or (waiting and stop.received is None):
            for place in range(jobs):
                if place not in running and waiting and stop.received is None:
                    task = waiting.popleft()
                    running[place] = (task, start(task, places[place]))
            watch.show([row for task, _ in running.values() for row in task], failed)
            time.sleep(POLL_SECONDS)
            if stop.received is not None:
                _stop(running, watch)
            for place, (task, job) in list(running.items()):
                if job.poll() is not None:
                    if stop.received is None:  # a job that was asked to stop has not failed
                        failed |= {row: _reason(job) for row in task if not row.ended}
                    del running[place]
        watch.show([], failed)
    if stop.received is not None:
        return Outcome({}, EXIT_STATUS[stop.received])
    return Outcome(failed)


def _stop(running: dict[int, tuple[Task, Job]], watch: SweepProgress) -> None:
    watch.say(f"stopping {len(running)} running processes; each saves first")
    for _, job in running.values():
        job.terminate()
    while any(job.poll() is None for _, job in running.values()):
        time.sleep(POLL_SECONDS)


def _shares(jobs: int) -> list[list[int]]:
    """The CPUs divided among `jobs` places; no bounds where there is one place, or more of them than CPUs."""
    every = cpus()
    if jobs == 1 or jobs > len(every):
        return [[] for _ in range(jobs)]
    return [every[place::jobs] for place in range(jobs)]


def _reason(job: Job) -> str:
    """What a failed process said last: its error message, or the last line."""
    said = job.output().strip()
    if errors := list(re.finditer("^error: ", said, re.MULTILINE)):
        return said[errors[-1].end() :]
    return said.splitlines()[-1] if said else f"exit status {job.poll()}"
