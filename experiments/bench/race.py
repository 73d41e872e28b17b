"""Contenders in turns: the reference stays, and each of the others races it alone, step by step in alternation.

Two processes at a time fit into memory, and both times of a ratio were taken in the same minutes.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import IO, Any

from experiments.bench.contenders import CONTENDERS
from jaxcnn.errors import UserError

TURN = 1.0
"""Seconds of a turn if the number of its steps is left open."""


class Process:
    """A contender's process, seen from outside."""

    def __init__(self, contender: str, python: str) -> None:
        settings = CONTENDERS[contender]
        self._name = contender
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [python, "-m", "experiments.bench.worker", *settings.arguments],
            env=dict(settings.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """The answer to a request (see `worker`).

        Raises: UserError with the end of what the process said, if it died.
        """
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if answer:
            return json.loads(answer)
        status = self._process.wait()
        self._errors.seek(0)
        last = self._errors.read().decode(errors="replace").strip().splitlines()[-1:]
        raise UserError(
            f"{self._name} died at {do!r} (status {status}): {''.join(last) or 'it said nothing'}\n"
            "Status -9 is too little memory: try a smaller --batch. A missing module: see `make bench` and "
            "--torch-python."
        )


@dataclass(frozen=True)
class Lane:
    """What one contender did on one net."""

    contender: str
    build: float
    """Seconds until the first step was done, compilation included."""
    seconds: tuple[float, ...]
    """Of each step that counts."""
    peak: int | None
    """Greatest resident memory of its process, in bytes."""
    beside: tuple[float, ...]
    """The reference's steps of the same rounds."""

    @property
    def ratio(self) -> float:
        """The reference's time as a share of this one's, from the same rounds."""
        return median(self.beside) / median(self.seconds)


def race(
    net: str, batch: int, contenders: Sequence[str], pythons: Sequence[str], rounds: int, steps: int
) -> list[Lane]:
    """`rounds` of alternating turns of `steps` (0: as many as fit into `TURN`); the first contender is the reference.

    Raises: UserError if a contender dies.
    """
    with ExitStack() as stack:
        reference = stack.enter_context(Process(contenders[0], pythons[0]))
        first_build = reference.ask("build", net=net, batch=batch)["seconds"]
        lanes = [
            _beside(reference, net, batch, *contender, rounds, steps)
            for contender in zip(contenders[1:], pythons[1:], strict=True)
        ]
        own = [second for lane in lanes for second in lane.beside] or _turns([reference], rounds, steps)[0]
        peak = reference.ask("memory")["bytes"]
    return [Lane(contenders[0], first_build, tuple(own), peak, tuple(own)), *lanes]


def _beside(reference: Process, net: str, batch: int, contender: str, python: str, rounds: int, steps: int) -> Lane:
    with Process(contender, python) as other:
        build = other.ask("build", net=net, batch=batch)["seconds"]
        beside, seconds = _turns([reference, other], rounds, steps)
        return Lane(contender, build, tuple(seconds), other.ask("memory")["bytes"], tuple(beside))


def _turns(processes: Sequence[Process], rounds: int, steps: int) -> list[list[float]]:
    """Seconds of each step of each process; a warm-up, which does not count, decides how long a turn is."""
    warm = [process.ask("step", count=1)["seconds"][0] for process in processes]
    counts = [steps or max(1, round(TURN / seconds)) for seconds in warm]
    seconds: list[list[float]] = [[] for _ in processes]
    for _ in range(rounds):
        for process, count, taken in zip(processes, counts, seconds, strict=True):
            taken += process.ask("step", count=count)["seconds"]
    return seconds
