"""What may be in a run's folder: its own files, and what every folder collects."""

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from jaxcnn.errors import UserError, option

FILES = (
    "config.json",
    "data.json",
    "environment.json",
    "init.json",
    "teacher.json",
    "metrics.jsonl",
    "summary.json",
    "examples.png",
    ".lock",
)
FOLDERS = ("checkpoints", "events", "damaged")
IGNORED = (".*", "*.orbax-checkpoint-tmp", "lost+found", "*.log", "*.out", "*.err", "Thumbs.db", "desktop.ini")
"""Names that file browsers, notebooks, disks and shells put into folders; a new run may start beside them."""


def require_no_backslash(path: Path) -> None:
    """Raises: UserError for a path with a backslash, which TensorStore takes for a slash: it would write elsewhere."""
    if "\\" in str(full := path.resolve()):
        raise UserError(f"a checkpoint cannot be in {full}, because of the backslash: choose another folder")


def require_kinds(path: Path) -> None:
    """Raises: UserError if a folder is where a run has a file, or a file where it has a folder."""
    for names, has_kind, kind in ((FILES, Path.is_file, "a file"), (FOLDERS, Path.is_dir, "a folder")):
        wrong = [path / name for name in names if (path / name).exists() and not has_kind(path / name)]
        if wrong:
            raise UserError(
                f"{wrong[0]} is not {kind}, as in a run's folder: move it away, and run the same command again"
            )


def require_unused(path: Path) -> None:
    """Raises: UserError if a folder without config.json holds anything but what others leave in every folder."""
    own = ("checkpoints", *FILES)  # checkpoints without a config belong to a run that was moved
    found = sorted([*path.iterdir(), *(path / "checkpoints").glob("*")])
    stray = [p for p in found if p != path / "checkpoints" and not any(fnmatch(p.name, name) for name in IGNORED)]
    if not stray:
        return
    if any(p.parent != path or p.name in own for p in stray):
        raise UserError(
            f"{path / 'config.json'} is missing, but there are files of a run (found {stray[0].name!r}): restore it "
            "from a copy, or choose another --folder"
        )
    raise UserError(f"{path} is not empty and is not a jaxcnn run (found {stray[0].name!r}); choose another --folder")


def train_longer(path: Path, changed: Sequence[str]) -> str:
    """The way to more steps: a schedule, and so a resumed run, depends on how many there are."""
    if not any(line.startswith("duration:") for line in changed):
        return ""
    start = f"{option('--init.source', path)} {option('--folder', f'{path}-2')}"
    return f"\nTo train its network longer, start another run from its weights: {start}"
