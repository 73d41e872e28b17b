"""A progress bar on a terminal, plain lines elsewhere."""

import time
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from jaxcnn.console.terminal import console, say

PLAIN_SECONDS = 15.0
"""Seconds between two lines of progress if the output is not a terminal."""


class ProgressBar:
    """Steps done, loss, accuracy, images/s and time left: in place on a terminal, elsewhere a line now and then."""

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
        """Excludes time that was not spent on training from images/s."""
        self._paused += seconds
