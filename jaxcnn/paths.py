"""Paths that users write, the cache, and atomic writes."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jaxcnn.errors import UserError

LONGEST_NAME = 255
"""Bytes in a file's name, on every filesystem in use."""


def user_path(text: str | Path) -> Path:
    """A path as a user writes it: `~` is the home folder, and `./runs/a`, `runs//a` and `runs/a/` are one path.

    Raises: UserError for a path that no filesystem can have, and for the home of a user who does not exist.
    """
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise UserError(
            f"{str(text)!r}: there is no such home folder; write ./~name for a folder of that name"
        ) from None
    if "\0" in str(path):
        raise UserError(f"the path {str(text)!r} contains a null character: write it without")
    longest = max(path.parts, key=lambda part: len(os.fsencode(part)), default="")
    if (size := len(os.fsencode(longest))) > LONGEST_NAME:
        raise UserError(f"the name {longest[:40]}... has {size} bytes, of at most {LONGEST_NAME}: choose a shorter one")
    return path


def full_path(text: str | Path) -> Path:
    """The same in full, from the root, to compare with others; "" stays empty."""
    return Path(os.path.abspath(user_path(text))) if text else Path()


def cache_folder() -> Path:
    """`$JAXCNN_CACHE`, or `jaxcnn` in `$XDG_CACHE_HOME`, or in `~/.cache`."""
    if chosen := os.environ.get("JAXCNN_CACHE"):
        return user_path(chosen)
    return user_path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "jaxcnn"


def free_name(path: Path) -> Path:
    """`path`, or the first of `path-2`, `path-3`, ... that does not exist."""
    number, chosen = 1, path
    while os.path.lexists(chosen):
        number += 1
        chosen = path.with_name(f"{path.name}-{number}")
    return chosen


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises: UserError that names `path` if what is done here fails: a full disk, a folder that is not ours."""
    try:
        yield
    except OSError as error:
        in_the_way = "; there is a folder of that name: move it away" if error.errno == errno.EISDIR else ""
        raise UserError(f"cannot write {path}: {error.strerror}{in_the_way}") from None


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it at the end, so that `path` is never half written.

    Raises: UserError if it cannot be written; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with writing(path):
            yield temporary
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
