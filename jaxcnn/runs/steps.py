"""The folders of a run's checkpoints, by their names: which are complete, and how they are removed or set aside.

A complete checkpoint is a folder named after its step. Orbax writes under another name and renames at the end; removal
renames first. So whenever a process is killed, a folder with that name is whole.
"""

import shutil
from pathlib import Path

from jaxcnn.errors import UserError
from jaxcnn.paths import free_name

REMOVED = ".removed"
"""Suffix of a checkpoint that is being removed."""


def complete_steps(folder: Path) -> list[int]:
    """The steps of complete checkpoints, ascending; reads only the names of folders."""
    if not folder.is_dir():
        return []
    names = (p.name for p in folder.iterdir() if p.is_dir())
    return sorted(int(name) for name in names if name.isascii() and name.isdigit() and str(int(name)) == name)


def latest_step(folder: Path) -> int | None:
    """The step of the latest complete checkpoint, if there is one."""
    return max(complete_steps(folder), default=None)


def remove(checkpoint: Path) -> None:
    """Removes a checkpoint; what a killed process leaves of it does not count as a checkpoint."""
    going = free_name(checkpoint.with_name(checkpoint.name + REMOVED))
    checkpoint.rename(going)
    shutil.rmtree(going)


def clean(folder: Path) -> None:
    """Removes what killed processes left of checkpoints that they were removing."""
    for path in folder.glob(f"*{REMOVED}*"):
        shutil.rmtree(path, ignore_errors=True)


def set_aside(checkpoint: Path) -> Path:
    """Moves a checkpoint to `damaged/` beside the folder of checkpoints, under a free name; returns its new path."""
    aside = checkpoint.parent.parent / "damaged"
    try:
        aside.mkdir(exist_ok=True)
        return checkpoint.rename(free_name(aside / checkpoint.name))
    except OSError as error:
        raise UserError(f"cannot move {checkpoint} to {aside}: {error.strerror}") from None
