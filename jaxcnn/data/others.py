"""Other pictures than those of a run, of the run's classes: what it is evaluated on besides its own test."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from jaxcnn.config import DataConfig
from jaxcnn.console.terminal import say
from jaxcnn.data import label_table
from jaxcnn.data.folder import decoded
from jaxcnn.data.for_run import Images
from jaxcnn.data.info import DataInfo
from jaxcnn.data.listing import File, matching
from jaxcnn.data.pictures import Reading
from jaxcnn.data.splits import Split
from jaxcnn.errors import MANY, UserError
from jaxcnn.paths import user_path


def others(text: str, info: DataInfo, settings: DataConfig, names: Sequence[str]) -> Images:
    """The pictures of `folder:PATH` as test images of a run that remembers `info`; classes are matched by name.

    Raises: UserError for another kind of data, a run without classes, and a folder without pictures of them.
    """
    kind, _, place = text.partition(":")
    if kind != "folder" or not place:
        raise UserError(f"--data {text}: name a folder of pictures, --data folder:PATH")
    if tuple(names) != info.label_names:
        raise UserError("--data is for networks whose answers are the classes of their data; this one has another task")
    root = user_path(place)
    if not root.is_dir():
        raise UserError(f"{root} is not a folder: name one that has a sub-folder of pictures for each class")
    files = _of_table(root, names) if info.several_labels else _of_classes(root, names)
    height, width, _ = info.image_shape
    reading = Reading(height, settings.fit, settings.broken == "skip", settings.resize)
    dataset = decoded(f"folder:{root.name}", files, (height, width), reading, info.label_names)
    none = np.zeros(0, np.int32)
    # The run's own numbers of training images: what is assembled here has the run's steps.
    about = replace(info, name=dataset.name, digest=dataset.digest, test=len(dataset.labels), streamed=False)
    return Images(dataset, Split(none, none), about)


def _of_table(root: Path, names: Sequence[str]) -> list[File]:
    path = root / label_table.NAME
    if not path.is_file():
        raise UserError(f"{root} has no {label_table.NAME}, and the run has several labels a picture: add one")
    known, rows = label_table.read(path)
    unknown = [name for name in known if name not in names]
    if unknown:
        say(f"{path}: labels that the run does not know are passed over: {', '.join(unknown[:MANY])}")
    place = {name: column for column, name in enumerate(known)}
    return [(root / row.file, tuple(row.label[place[name]] if name in place else 0 for name in names)) for row in rows]


def _of_classes(root: Path, names: Sequence[str]) -> list[File]:
    """Says which folders it passes over, and which classes have no picture."""
    files, unknown = matching(root, names)
    if unknown:
        say(f"{root}: folders that the run has no class for are passed over: {', '.join(unknown[:MANY])}")
    counts = Counter(label for _, label in files)
    if missing := [name for label, name in enumerate(names) if not counts[label]]:
        say(f"{root}: no picture of {', '.join(missing[:MANY])}")
    return files
