"""Messages of libraries that repeat what we report, or report nothing."""

import logging
import os
import sys
import threading
import warnings
from typing import Any


def silence() -> None:
    """Filters the warnings and background errors that are known to be harmless or reported elsewhere."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    absl = logging.getLogger("absl")
    absl.setLevel(logging.WARNING)
    absl.addFilter(_is_news)
    logging.getLogger("asyncio").addFilter(_is_retrieved)
    # pmap moves un-replicated inputs to the devices' mesh once, before the first step, and says so.
    warnings.filterwarnings("ignore", message="Donated pmap argument required resharding")
    # XLA cannot serialize programs that call oneDNN, and what cannot be read is compiled again.
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation cache entry")
    sys.unraisablehook = _unraisable
    threading.excepthook = _thread_error


def _is_news(record: logging.LogRecord) -> bool:
    """Orbax logs as errors what it then raises; its warnings are shown, but for advice on how often to save."""
    return record.levelno < logging.ERROR and not record.getMessage().startswith("Waiting for previous save")


def _is_retrieved(record: logging.LogRecord) -> bool:
    """After a failed read, Orbax asks for the errors of only one of TensorStore's reads."""
    return "exception was never retrieved" not in record.getMessage()


def _thread_error(failed: threading.ExceptHookArgs) -> None:
    """Orbax raises the errors of its background threads again where it is waited for."""
    if not type(failed.thread).__module__.startswith("orbax"):
        threading.__excepthook__(failed)


def _unraisable(unraisable: Any) -> None:
    """After a failed read, TensorStore's other reads report to Orbax's event loop, which is closed by then."""
    if str(unraisable.exc_value) != "Event loop is closed":
        sys.__unraisablehook__(unraisable)
