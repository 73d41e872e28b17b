"""`python -m jaxcnn predict RUN PICTURE ...`: ask a trained network about pictures of any size."""

import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from jaxcnn.data.pictures import BrokenPicture, is_picture
from jaxcnn.errors import UserError
from jaxcnn.measures import PERCENT
from jaxcnn.paths import atomic_write, user_path
from jaxcnn.report.columns import columns
from jaxcnn.runs.load import Run, load

BATCH = 256


@dataclass(frozen=True)
class Question:
    """The classes that a trained network sees in pictures, with their probabilities."""

    run: tyro.conf.Positional[str]
    """Folder of a run."""
    pictures: tyro.conf.Positional[tuple[str, ...]]
    """Files, or folders of files."""
    top: int = 3
    """How many classes to show for each picture."""
    csv: str = ""
    """Also write all probabilities to this file."""
    step: int | None = None
    """Which checkpoint. Default: the one that was tested, else the latest."""


def main(arguments: list[str]) -> int:
    """Prints a line for each picture; exit status 1 if some could not be read, which are named and passed over.

    Raises: UserError for a run that cannot be read, no picture, or a network whose answers are not classes.
    """
    chosen = tyro.cli(Question, args=arguments, prog="python -m jaxcnn predict")
    run = load(chosen.run, step=chosen.step)
    names = run.task.class_names
    if not names:
        raise UserError(f"{run.path} has the task {run.config.task}: use jaxcnn.load(...).predict in a program")
    paths, probabilities, unread = predicted(run, found(map(user_path, chosen.pictures)))
    rows = [(str(path), *_top(each, names, chosen.top)) for path, each in zip(paths, probabilities, strict=True)]
    places = range(1, min(chosen.top, len(names)) + 1)
    if rows:
        print(columns(("picture", *(title for n in places for title in (f"{n}.", ""))), rows))
    if chosen.csv:
        _write(user_path(chosen.csv), paths, probabilities, names, run.task.takes_several_labels)
    for error in unread:
        print(f"error: {error}", file=sys.stderr)
    return 1 if unread else 0


def found(paths: Iterable[Path]) -> list[Path]:
    """The files that are named, and the pictures below the folders that are.

    Raises: UserError for a path that is not there, and if there is no picture at all.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UserError(f"{path} does not exist: name pictures, or folders of pictures")
        files += sorted(filter(is_picture, path.rglob("*"))) if path.is_dir() else [path]
    if not files:
        raise UserError("there is no picture in the folders that were named")
    return files


def predicted(run: Run, paths: Sequence[Path]) -> tuple[list[Path], np.ndarray, list[BrokenPicture]]:
    """The pictures that could be read, their probabilities [N, K], and the errors of the others."""
    known: list[Path] = []
    unread: list[BrokenPicture] = []
    parts = [np.zeros((0, len(run.task.class_names)), np.float32)]
    for begin in range(0, len(paths), BATCH):
        images = []
        for path in paths[begin : begin + BATCH]:
            try:
                images.append(run.read(path))
                known.append(path)
            except BrokenPicture as error:
                unread.append(error)
        if images:
            parts.append(run.predict(np.stack(images)))
    return known, np.concatenate(parts), unread


def _top(probabilities: np.ndarray, names: Sequence[str], count: int) -> list[str]:
    best = probabilities.argsort()[::-1][:count]
    return [text for label in best for text in (names[label], PERCENT(float(probabilities[label])))]


def _write(path: Path, files: Sequence[Path], probabilities: np.ndarray, names: Sequence[str], several: bool) -> None:
    """`several`: every class of a probability of at least one half is named, as in `labels.csv`."""

    def answer(row: np.ndarray) -> str:
        if several:
            return ";".join(name for name, value in zip(names, row, strict=True) if value >= 0.5)
        return names[int(row.argmax())]

    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["picture", "labels" if several else "class", *names])
        for picture, row in zip(files, probabilities, strict=True):
            writer.writerow([picture, answer(row), *(f"{value:.6f}" for value in row)])
