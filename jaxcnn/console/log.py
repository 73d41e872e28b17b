"""Training metrics on disk: JSON lines and TensorBoard events."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


class Log:
    """metrics.jsonl, one row per line, and the same scalars as TensorBoard events."""

    def __init__(self, folder: Path, step: int, tensorboard: bool, writes: bool = True) -> None:
        """Opens the log of a run that is at `step`; later rows, from before a crash, are dropped.

        Only one process of a run `writes`.
        """
        self._path = folder / "metrics.jsonl" if writes else Path(os.devnull)
        kept = [json.dumps(row) + "\n" for row in read_rows(self._path) if row["step"] <= step]
        self._path.write_text("".join(kept))
        self._file = self._path.open("a", buffering=1)
        self._events = _event_writer(folder / "events", step) if tensorboard and writes else None

    def write(self, step: int, split: str, values: Mapping[str, float]) -> None:
        self._file.write(json.dumps({"step": step, "split": split, **values}) + "\n")
        if self._events:
            for name, value in values.items():
                self._events.add_scalar(f"{split}/{name}", value, step)

    def write_picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """A picture [H, W, 3] uint8, to TensorBoard only."""
        if self._events:
            self._events.add_image(name, picture, step, dataformats="HWC")

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


def _event_writer(folder: Path, step: int) -> Any:
    from tensorboardX import SummaryWriter  # not needed by those who turn it off

    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)
