"""Contenders in turns: each races the reference by itself, in two new processes, step by step in alternation.

Two processes at a time fit into memory, and both times of a ratio were taken in the same minutes. The reference starts
again for each of the others. A turn waits for cores that share a cache, and is repeated if they were separated (see
`placement`).
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median
from typing import IO, Any

from experiments.bench.contenders import ANSWERING, CONTENDERS
from experiments.bench.placement import Placement, together
from jaxcnn.errors import UserError

TURN, LEAST = 1.0, 3
"""Seconds, and steps, of a turn if the number of its steps is left open."""
TRIES = 3
"""How often a turn is taken at most."""


class Process:
    """A contender's process, seen from outside."""

    def __init__(self, contender: str, python: str) -> None:
        settings = {**CONTENDERS, **ANSWERING}[contender]
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
    apart: int = 0
    """Turns before or after which the cores shared no cache, each time they were taken."""

    @property
    def ratio(self) -> float:
        """The reference's time as a fraction of this one's, from the same rounds."""
        return median(self.beside) / median(self.seconds)


def race(
    net: str, batch: int, contenders: Sequence[str], pythons: Sequence[str], rounds: int, steps: int
) -> list[Lane]:
    """`rounds` of alternating turns of `steps` (0: as many as fit into `TURN`); the first contender is the reference.

    Raises: UserError if a contender dies.
    """
    reference, *others = zip(contenders, pythons, strict=True)
    placement = Placement()
    pairs = [_pair(net, batch, reference, other, rounds, steps, placement) for other in others]
    references = [lane for lane, _ in pairs] or _lanes(net, batch, [reference], rounds, steps, placement)
    own = tuple(second for lane in references for second in lane.seconds)
    peaks = [lane.peak for lane in references if lane.peak]
    apart = sum(lane.apart for lane in references)
    whole = Lane(contenders[0], references[0].build, own, max(peaks, default=None), own, apart)
    return [whole, *(lane for _, lane in pairs)]


Runner = tuple[str, str]
"""A contender and its interpreter."""


def _pair(
    net: str, batch: int, reference: Runner, other: Runner, rounds: int, steps: int, placement: Placement
) -> tuple[Lane, Lane]:
    first, second = _lanes(net, batch, [reference, other], rounds, steps, placement)
    return first, replace(second, beside=first.seconds)


def _lanes(
    net: str, batch: int, runners: Sequence[Runner], rounds: int, steps: int, placement: Placement
) -> list[Lane]:
    """What each did, in processes that begin and end here."""
    with ExitStack() as stack:
        processes = [stack.enter_context(Process(*runner)) for runner in runners]
        builds = [process.ask("build", net=net, batch=batch)["seconds"] for process in processes]
        turns = _turns(processes, rounds, steps, placement)
        peaks = [process.ask("memory")["bytes"] for process in processes]
    rows = zip(runners, builds, turns, peaks, strict=True)
    return [Lane(contender, build, taken, peak, taken, apart) for (contender, _), build, (taken, apart), peak in rows]


def _turns(
    processes: Sequence[Process], rounds: int, steps: int, placement: Placement
) -> list[tuple[tuple[float, ...], int]]:
    """Seconds of each step of each process, and how many of its turns were on cores that share no cache.

    A warm-up, which does not count, decides how long a turn is.
    """
    warm = [process.ask("step", count=1)["seconds"][0] for process in processes]
    counts = [steps or max(LEAST, round(TURN / seconds)) for seconds in warm]
    seconds: list[list[float]] = [[] for _ in processes]
    apart = [0 for _ in processes]
    for _ in range(rounds):
        for place, (process, count) in enumerate(zip(processes, counts, strict=True)):
            taken, parted = _turn(process, count, placement)
            seconds[place] += taken
            apart[place] += parted
    return [(tuple(taken), count) for taken, count in zip(seconds, apart, strict=True)]


def _turn(process: Process, count: int, placement: Placement) -> tuple[list[float], bool]:
    """Seconds of each step, and whether the cores shared no cache before or after the last of `TRIES` as well.

    One more step comes first and does not count: it finds caches and memory that another process has had, and a
    training is many steps in a row.
    """
    taken: list[float] = []
    for _ in range(TRIES):
        met = placement.wait()
        _, *taken = process.ask("step", count=count + 1)["seconds"]
        if met is not False and together() is not False:
            return taken, False
        if not met:
            break
    return taken, True
