"""Ctrl-C and SIGTERM ask a run to save and stop; a second one ends it at once."""

import signal
from types import FrameType, TracebackType

EXIT_STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Stop:
    """A context in which the first signal only sets `received`, and a second one ends the process."""

    def __init__(self) -> None:
        self.received: signal.Signals | None = None

    def __enter__(self) -> "Stop":
        self._before = {number: signal.signal(number, self._receive) for number in EXIT_STATUS}
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        for each in EXIT_STATUS:
            signal.signal(each, signal.SIG_DFL)


class Stopped(Exception):
    """A run saved and stopped because of a signal."""

    def __init__(self, number: signal.Signals, message: str) -> None:
        super().__init__(message)
        self.status = EXIT_STATUS[number]
