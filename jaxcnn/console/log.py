"""Training metrics on disk: JSON lines and TensorBoard events."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Log:
    """metrics.jsonl, one row per line, and the same scalars as TensorBoard events."""

    def __init__(self, folder: Path, step: int, tensorboard: bool, writes: bool = True) -> None:
        """Opens the log of a run that is at `step`; later rows, from before a crash, are dropped.

        Only one process of a run `writes`. `seconds_before` is how long its earlier sessions took until that step.
        """
        self._path = folder / "metrics.jsonl" if writes else Path(os.devnull)
        kept = [row for row in read_rows(self._path) if row["step"] <= step]
        self.seconds_before = max((row.get("seconds", 0.0) for row in kept), default=0.0)
        self._path.write_text("".join(json.dumps(row) + "\n" for row in kept))
        self._file = self._path.open("a", buffering=1)
        self._events = _events(folder / "events", step) if tensorboard and writes else None

    def write(self, step: int, split: str, values: Mapping[str, float]) -> None:
        self._file.write(json.dumps({"step": step, "split": split, **values}) + "\n")
        if self._events:
            self._events.add(step, {f"{split}/{name}": value for name, value in values.items()})

    def close(self) -> None:
        self._file.close()
        if self._events:
            self._events.close()


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics.jsonl, without a last line that was cut off."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def _events(folder: Path, step: int) -> Any:
    from jaxcnn.console.events import Events  # imports tensorboardX, which those who turn it off do not need

    return Events(folder, step)
