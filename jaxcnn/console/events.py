"""Scalars as TensorBoard events: written at once, in files whose names sort in the order of their sessions."""

import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tensorboardX.proto import event_pb2, summary_pb2
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import histogram_raw, image

# Made at run time from their descriptions, which type checkers do not read.
Event: Any = getattr(event_pb2, "Event")  # noqa: B009
SessionLog: Any = getattr(event_pb2, "SessionLog")  # noqa: B009
Summary: Any = getattr(summary_pb2, "Summary")  # noqa: B009


class Events:
    """The events of one session of a run.

    tensorboardX's own writer loses up to two minutes at `kill -9`, and names its file by the clock only: after that was
    set back, TensorBoard reads the newer file first.
    """

    def __init__(self, folder: Path, step: int) -> None:
        """Opens a file for a run that is at `step`; what was written of later steps is no longer shown."""
        folder.mkdir(parents=True, exist_ok=True)
        stamp = max([int(time.time()), *(taken + 1 for taken in map(_stamp, folder.iterdir()))])
        self._file = RecordWriter(str(folder / f"events.out.tfevents.{stamp}.{socket.gethostname()}"))
        self._write(Event(file_version="brain.Event:2"))
        if step:
            self._write(Event(step=step + 1, session_log=SessionLog(status=SessionLog.START)))

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        """Writes the scalars of a step; they outlive the process."""
        values = [Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()]
        self._write(Event(step=step, summary=Summary(value=values)))

    def add_picture(self, step: int, name: str, picture: np.ndarray) -> None:
        """Writes a picture [H, W, 3] uint8."""
        self._write(Event(step=step, summary=image(name, picture, dataformats="HWC")))

    def add_histogram(self, step: int, name: str, counts: np.ndarray, edges: np.ndarray) -> None:
        """Writes counts [bins] between edges [bins + 1]; TensorBoard knows values by the middles of their bins."""
        middles = (edges[:-1] + edges[1:]) / 2
        sums = float((counts * middles).sum()), float((counts * middles**2).sum())
        ends = float(edges[0]), float(edges[-1])
        summary = histogram_raw(name, *ends, float(counts.sum()), *sums, edges[1:].tolist(), counts.tolist())
        self._write(Event(step=step, summary=summary))

    def close(self) -> None:
        self._file.close()

    def _write(self, event: Any) -> None:
        event.wall_time = time.time()
        self._file.write(event.SerializeToString())
        self._file.flush()


def _stamp(path: Path) -> int:
    """The time in the name of a file of events; 0 for other files."""
    parts = path.name.split(".")
    return int(parts[3]) if parts[:3] == ["events", "out", "tfevents"] and parts[3:4] and parts[3].isdigit() else 0
