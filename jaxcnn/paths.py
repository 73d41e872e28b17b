"""Paths that users write, the cache, and atomic writes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def user_path(text: str | Path) -> Path:
    """A path as a user writes it: `~` is the home folder."""
    return Path(text).expanduser()


def cache_folder() -> Path:
    """`$JAXCNN_CACHE`, or `jaxcnn` in `$XDG_CACHE_HOME`, or in `~/.cache`."""
    if chosen := os.environ.get("JAXCNN_CACHE"):
        return user_path(chosen)
    return user_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "jaxcnn"


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it at the end, so that `path` is never half written.

    Raises: OSError if it cannot be written; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
