"""A progress bar on a terminal and in a notebook, plain lines elsewhere."""

import time
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from jaxcnn.console.terminal import console, say, shows_in_place

PLAIN_SECONDS = 15.0
"""Seconds between two lines of progress if the output is not a terminal."""

MEASURED_STEPS = 10
"""With fewer steps there is no rate: several are in flight at once, and may seem to have taken no time."""


class ProgressBar:
    """Steps done, time left, loss, accuracy and images/s: in place on a terminal, elsewhere a line now and then."""

    def __init__(self, total: int, done: int, batch_size: int) -> None:
        self._total, self._start, self._batch_size = total, done, batch_size
        self._began = self._spoke = time.monotonic()
        self._paused = self._waited = 0.0
        self._bar: Progress | None = None
        self._task = TaskID(0)
        if shows_in_place():
            # In a narrow terminal the text is cut, and not the steps and the time left.
            text = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
            bar = BarColumn(10 if console.width < 100 else 30)
            self._bar = Progress(bar, MofNCompleteColumn(), TimeRemainingColumn(), text, console=console, expand=True)
            self._task = self._bar.add_task("compiling", total=total, completed=done)

    def __enter__(self) -> "ProgressBar":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()

    def rate(self, step: int) -> float | None:
        """Images per second since the first step of this session (which compiles); None after too few of them."""
        measured = step - self._start - 1
        if measured < MEASURED_STEPS:
            return None
        return measured * self._batch_size / self._busy()

    def waited(self, seconds: float) -> None:
        """Adds time in which the loop waited for data."""
        self._waited += seconds

    def waiting(self, step: int) -> float | None:
        """The fraction of the time since the first step of this session that went by waiting; None as for `rate`."""
        if step - self._start - 1 < MEASURED_STEPS:
            return None
        return min(self._waited / self._busy(), 1.0)

    def _busy(self) -> float:
        return max(time.monotonic() - self._began - self._paused, 1e-9)

    def update(self, step: int, text: str) -> None:
        if step <= self._start + 1:
            self._began, self._paused, self._waited = time.monotonic(), 0.0, 0.0
            return
        rate = self.rate(step)
        text += f"  {rate:,.0f} images/s" if rate else ""
        if self._bar:
            self._bar.update(self._task, completed=step, description=text)
            return
        now = time.monotonic()
        if self._is_time() or step == self._total:
            left = (now - self._began) / (step - self._start - 1) * (self._total - step)
            say(f"step {step}/{self._total}  {text}  {left:,.0f} s left")
            self._spoke = now

    def evaluating(self, what: str, done: int, total: int) -> None:
        """Shows how many examples of an evaluation are done."""
        if self._bar:
            self._bar.update(self._task, description=f"{what} {done / total:.0%}")
        elif self._is_time():
            say(f"{what}  {done:,}/{total:,} images")
            self._spoke = time.monotonic()

    def pause(self, seconds: float) -> None:
        """Excludes time that was not spent on training from images/s."""
        self._paused += seconds

    def _is_time(self) -> bool:
        return time.monotonic() - self._spoke >= PLAIN_SECONDS
