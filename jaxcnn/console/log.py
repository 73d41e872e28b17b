"""Training metrics on disk: JSON lines and TensorBoard events."""

import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxcnn.clock import TIMES
from jaxcnn.console.terminal import say
from jaxcnn.errors import MANY, UserError
from jaxcnn.json_files import dumps, parse_object
from jaxcnn.paths import atomic_write, free_name, writing


class Log:
    """metrics.jsonl, one row per line, and the same scalars as TensorBoard events."""

    def __init__(self, folder: Path, step: int, tensorboard: bool, writes: bool = True) -> None:
        """Opens the log of a run that is at `step`; later rows, from before a crash, are dropped.

        Only one process of a run `writes`. `times_before` are those of its earlier sessions until that step.
        """
        self._path = folder / "metrics.jsonl" if writes else Path(os.devnull)
        self.events, self.times_before = None, dict.fromkeys(TIMES, 0.0)
        if writes:
            kept = _keep_until(self._path, step)
            for name in TIMES:
                seen = [row[name] for row in kept if isinstance(row.get(name), int | float)]
                self.times_before[name] = max(seen, default=0.0)
            self.events = _events(folder / "events", step) if tensorboard else None
        self._file = self._path.open("a", buffering=1)

    def write(self, step: int, split: str, values: Mapping[str, float]) -> None:
        with writing(self._path):
            self._file.write(dumps({"step": step, "split": split, **values}) + "\n")
        if self.events:
            self.events.add(step, {f"{split}/{name}": value for name, value in values.items()})

    def write_picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """A picture [H, W, 3] uint8, to TensorBoard only."""
        if self.events:
            self.events.add_picture(step, name, picture)

    def close(self) -> None:
        with writing(self._path):  # what could not be written is tried again
            self._file.close()
        if self.events:
            self.events.close()


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics.jsonl that can be read; a number that was not finite is NaN."""
    return _read(path)[0]


def _read(path: Path) -> tuple[list[dict[str, Any]], list[int]]:
    """The rows that can be read, and the numbers of the other lines, except of a last one that was cut off.

    Raises: UserError if the file cannot be read at all.
    """
    try:
        *lines, last = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return [], []
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; move it away, or fix its permissions") from None
    if not last.startswith(b"{"):  # no line that a killed process had begun to write
        lines += [last] if last else []
    rows = [_row(line) for line in [*lines, last]]
    return [row for row in rows if row], [number for number, row in enumerate(rows[: len(lines)], 1) if not row]


def _row(line: bytes) -> dict[str, Any]:
    """The row in a line; empty if it is damaged."""
    try:
        row = parse_object(line)
    except ValueError:
        return {}
    split, numbers = row.pop("split", None), {name: math.nan if value is None else value for name, value in row.items()}
    if type(row.get("step")) is not int or not isinstance(split, str):
        return {}
    if not all(isinstance(number, int | float) for number in numbers.values()):
        return {}
    return {"step": numbers.pop("step"), "split": split, **numbers}


def _keep_until(path: Path, step: int) -> list[dict[str, Any]]:
    """Drops the rows after `step`, and gives the others.

    If lines are damaged, the whole file is kept under another name, and reported.
    """
    rows, damaged = _read(path)
    if damaged:
        aside = free_name(path.with_name(f"{path.name}.damaged"))
        shutil.copyfile(path, aside)
        lines = ", ".join(map(str, damaged[:MANY]))
        say(f"WARNING: {len(damaged)} damaged lines of {path} are left out (line {lines}); the old file is {aside}")
    kept = [row for row in rows if row["step"] <= step]
    with atomic_write(path) as file:
        file.write_text("".join(dumps(row) + "\n" for row in kept))
    return kept


def _events(folder: Path, step: int) -> Any:
    from jaxcnn.console.events import Events  # imports tensorboardX, which those who turn it off do not need

    return Events(folder, step)
