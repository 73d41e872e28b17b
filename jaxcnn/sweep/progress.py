"""Progress over all runs of a sweep, read from their folders, so it is the same for processes here and elsewhere."""

import time
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from jaxcnn.console.progress import PLAIN_SECONDS
from jaxcnn.console.terminal import console, say, shows_in_place
from jaxcnn.durations import steps
from jaxcnn.measures import headline, measure_of
from jaxcnn.report import Row

REFRESH_SECONDS = 1.0


class SweepProgress(AbstractContextManager):
    """A table in place on a terminal, a line now and then elsewhere."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._began = self._spoke = time.monotonic()
        self._shown = 0.0
        self._ended: set[Row] = set()
        self._live = Live(console=console, auto_refresh=False) if shows_in_place() else None

    def __enter__(self) -> "SweepProgress":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def show(self, running: Sequence[Row], failed: Collection[Row]) -> None:
        """What runs now; reads its folders at most once a second."""
        now = time.monotonic()
        if running and now - self._shown < REFRESH_SECONDS:
            return
        self._shown = now
        if self._live:
            self._live.update(Group(Text(self._counts(running, failed)), _table(running)), refresh=True)
        elif now - self._spoke >= PLAIN_SECONDS or not running:
            states = "; ".join(f"{name(row)} {_state(row)[2]}" for row in running)
            say(self._counts(running, failed) + (f": {states}" if states else ""))
            self._spoke = now

    def say(self, text: str) -> None:
        say(text)

    def _counts(self, running: Sequence[Row], failed: Collection[Row]) -> str:
        self._ended |= {row for row in self._rows if row not in self._ended and row.ended}
        elapsed = time.monotonic() - self._began
        counts = f"{len(self._ended)} of {len(self._rows)} runs ended, {len(running)} running, {elapsed:,.0f} s"
        return counts + (f", {len(failed)} FAILED" if failed else "")


def name(row: Row) -> str:
    """A run's label and seed, for people."""
    return f"{row.label} (seed {row.seed})"


def _table(running: Sequence[Row]) -> Table:
    table = Table.grid(padding=(0, 2))
    for row in running:
        done, total, text = _state(row)
        table.add_row(Text(name(row)), ProgressBar(total=max(total, 1), completed=done, width=30), Text(text))
    return table


def _state(row: Row) -> tuple[int, int, str]:
    """Steps done, steps in all, and both with the last metrics in words."""
    if not (row.folder / "data.json").exists():
        return 0, 1, "starting"
    total = steps(row.config.duration, row.steps_per_epoch)
    history = row.history
    if not history:
        return 0, total, "compiling"
    last, text = history[-1], ""
    for split in ("train", "validation"):
        seen = [entry for entry in history if entry["split"] == split and headline(entry) in entry]
        name = headline(seen[-1]) if seen else ""
        text += f"  {split} {measure_of(name)(seen[-1][name])}" if seen else ""
    return last["step"], total, f"step {last['step']}/{total}{text}"
