"""Signals that ask a run to save and stop; a second Ctrl-C or SIGTERM ends it at once.

Besides those two: SIGHUP, when a terminal is closed or a connection lost, and SIGUSR2, by which SLURM and submitit
announce the end of a job's time.
"""

import os
import signal
import threading
from types import FrameType, TracebackType

IMPATIENT = (signal.SIGINT, signal.SIGTERM)
"""A second one of these ends the process. The others may come twice for one reason, and are then ignored."""

EXIT_STATUS = {number: 128 + number for number in (*IMPATIENT, signal.SIGHUP, signal.SIGUSR2)}


class Stop:
    """A context in which the first signal only sets `received`.

    Outside of the main thread, where Python allows no handlers, signals do what they did before. SIGHUP stays ignored
    where it is (`nohup`).
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None

    def __enter__(self) -> "Stop":
        heard = [number for number in EXIT_STATUS if not _is_ignored(number)]
        if threading.current_thread() is not threading.main_thread():
            heard = []
        self._terminals = [file for file in (1, 2) if os.isatty(file)]
        self._before = {number: signal.signal(number, self._receive) for number in heard}
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        for each in self._before:
            signal.signal(each, signal.SIG_DFL if each in IMPATIENT else signal.SIG_IGN)
        if number == signal.SIGHUP:
            self._leave_terminal()

    def _leave_terminal(self) -> None:
        """Output goes nowhere, where it went to the terminal: that is gone, and an error would end the save."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for file in self._terminals:
            os.dup2(nowhere, file)


def _is_ignored(number: signal.Signals) -> bool:
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN


class Stopped(Exception):
    """A run saved and stopped because of a signal."""

    def __init__(self, number: signal.Signals, message: str) -> None:
        super().__init__(message)
        self.status = EXIT_STATUS[number]
