"""What every command does around its work: one message and an exit status for an error, any output that is closed."""

import io
import os
import sys
from collections.abc import Callable
from typing import NoReturn, TextIO

from jaxcnn.errors import UserError


def outcome(run: Callable[[], int]) -> tuple[int, str]:
    """The exit status of `run`, and the message of an error that ended it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a plus-minus sign must not end an hour's work
    try:
        try:
            return run(), ""
        finally:
            sys.stdout.flush()
    except UserError as error:
        return 2, f"error: {error}"
    except KeyboardInterrupt:
        return 130, "interrupted before the first step: nothing was lost."
    except BrokenPipeError:  # of `... | head`
        discard(sys.stdout)
        return 0, ""


def discard(stream: TextIO) -> None:
    """Sends what is still written to `stream` nowhere; the interpreter would fail to flush it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def exit_with(status: int, message: str) -> NoReturn:
    """Ends the process, without waiting for a step that is still being compiled."""
    if message:
        from jaxcnn.console.terminal import say

        say(message)
    devices = sys.modules.get("jaxcnn.parallel.devices")
    if devices and devices.is_compiling():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
