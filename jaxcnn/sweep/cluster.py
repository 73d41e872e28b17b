"""The tasks of a sweep as jobs of a cluster, through submitit (`pip install 'jaxcnn[cluster]'`); `local` tries it out.

The run folders must be on a disk that the nodes share: progress is read from them.
"""

import importlib
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxcnn.console.signals import EXIT_STATUS
from jaxcnn.errors import UserError
from jaxcnn.sweep import worker
from jaxcnn.sweep.launch import Start, Task, message

DEFAULTS = {"timeout_min": 24 * 60}
"""submitit's own limit is five minutes."""


class ClusterJob:
    def __init__(self, job: Any) -> None:
        self._job = job

    def poll(self) -> int | None:
        if not self._job.done():
            return None
        return 1 if self._job.exception() else self._job.result()

    def terminate(self) -> None:
        self._job.cancel()

    def output(self) -> str:
        return self._job.stderr() or ""


class Requeued:
    """The work of a job, which submitit queues again where it announces the end of its time (SIGUSR2).

    The run saves first; then submitit's own handler is told, which asks for what to call in the next job.
    """

    def __call__(self, task: Mapping[str, Any]) -> int:
        status = worker.work(task)
        if status == EXIT_STATUS[signal.SIGUSR2]:
            signal.raise_signal(signal.SIGUSR2)
        return status

    def checkpoint(self, task: Mapping[str, Any]) -> Any:
        """The next job: the same, as the run folder holds what was saved."""
        return importlib.import_module("submitit").helpers.DelayedSubmission(self, task)


def submitter(cluster: str, logs: Path, options: Mapping[str, Any]) -> Start:
    """How to start a task as a job of `cluster` (local or slurm); `options` are submitit's parameters of a job.

    Raises: UserError if submitit is missing, or there is no such cluster or option.
    """
    try:
        submitit = importlib.import_module("submitit")
    except ImportError:
        raise UserError("--cluster needs submitit: pip install 'jaxcnn[cluster]'") from None
    try:
        executor = submitit.AutoExecutor(folder=logs.resolve(), cluster=cluster)
        executor.update_parameters(**{**DEFAULTS, **options})
    except (RuntimeError, ValueError, NameError, TypeError) as error:
        raise UserError(f"cannot submit to {cluster}: {error}") from None

    def start(task: Task, cpus: list[int]) -> ClusterJob:
        return ClusterJob(executor.submit(Requeued(), message(task, cpus)))

    return start
