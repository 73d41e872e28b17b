"""What a run tells: a progress bar on a terminal, plain lines elsewhere, JSON lines and TensorBoard events on disk."""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

PLAIN_SECONDS = 15.0
"""Between two lines of progress where there is no terminal."""

console = Console(stderr=True, highlight=False, soft_wrap=True)


class Log:
    """metrics.jsonl, one row a line, and the same scalars as TensorBoard events."""

    def __init__(self, folder: Path, step: int, tensorboard: bool, writes: bool = True) -> None:
        """Opens the log of a run that stands at `step`; rows beyond it, from before a crash, are dropped.

        Of several processes one `writes`.
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

    def close(self) -> None:
        self._file.close()
        if self._events:
            self._events.close()


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics.jsonl; a last line that was cut off in the middle is left out."""
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


class ProgressBar:
    """Steps done, loss, accuracy, images/s and time left, on a terminal in place and elsewhere now and then."""

    def __init__(self, total: int, done: int, batch_size: int) -> None:
        self._total, self._start, self._batch_size = total, done, batch_size
        self._began = self._spoke = time.monotonic()
        self._paused = 0.0
        self._bar: Progress | None = None
        self._task = TaskID(0)
        if console.is_terminal:
            columns = (BarColumn(None), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
            self._bar = Progress(*columns, console=console, expand=True)
            self._task = self._bar.add_task("compiling", total=total, completed=done)

    def __enter__(self) -> "ProgressBar":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def rate(self, step: int) -> float:
        """Images per second since the second step of this session (the first one compiles)."""
        return (step - self._start - 1) * self._batch_size / max(time.monotonic() - self._began - self._paused, 1e-9)

    def update(self, step: int, text: str) -> None:
        if step <= self._start + 1:
            self._began, self._paused = time.monotonic(), 0.0
            return
        text = f"{text}  {self.rate(step):,.0f} images/s"
        if self._bar:
            self._bar.update(self._task, completed=step, description=text)
            return
        now = time.monotonic()
        if now - self._spoke >= PLAIN_SECONDS or step == self._total:
            left = (now - self._began) / (step - self._start - 1) * (self._total - step)
            say(f"step {step}/{self._total}  {text}  {left:,.0f} s left")
            self._spoke = now

    def pause(self, seconds: float) -> None:
        """Time that was spent on something else than training does not count for images/s."""
        self._paused += seconds


def say(text: str) -> None:
    console.print(text, markup=False)
    sys.stderr.flush()
