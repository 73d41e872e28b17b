"""The files of a folder of pictures: which are for training and which for the test, and what each shows.

A sub-folder a class, `train/` and `test/` (or `val/`) above them if they are there; or a table `labels.csv`.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jaxcnn.console.terminal import say
from jaxcnn.data import label_table, pictures
from jaxcnn.data.pictures import is_picture
from jaxcnn.errors import MANY, UserError

TEST_FRACTION = 0.2
TEST_FOLDERS = ("test", "val", "valid", "validation")

Label = int | tuple[int, ...]
"""The number of a class, or a row of zeros and ones."""
File = tuple[Path, Label]


@dataclass(frozen=True)
class Listing:
    """The files of a folder: train and test, each in order, with what they show."""

    root: Path
    label_names: tuple[str, ...]
    train: tuple[File, ...]
    test: tuple[File, ...]
    passed_over: int
    """Files that are not pictures."""


def listing(root: Path) -> Listing:
    """What a folder holds.

    Raises: UserError if it is not there, or holds no or one class, or a class without pictures.
    """
    if not root.is_dir():
        raise UserError(f"{root} is not a folder: name one that has a sub-folder of pictures for each class")
    if (root / label_table.NAME).is_file():
        return _of_table(root)
    known = {path.name.lower(): path for path in sorted(root.iterdir()) if path.is_dir()}
    held_out = [known[name] for name in TEST_FOLDERS if name in known]
    named = held_out[0] if held_out else None
    if "train" in known and named:
        names = _classes(known["train"])
        if held_out[1:]:
            say(f"{held_out[1]} is not used: {named} holds the test pictures")
        unknown = sorted(set(_sub_folders(named)) - set(names))
        if unknown:
            raise UserError(f"{named / unknown[0]} is a class that {known['train']} does not have")
        train, test = (_files(folder, names) for folder in (known["train"], named))
    else:
        names = _classes(root)
        train, test = _divided(root, _files(root, names), len(names))
    _require_pictures(root, names, train, "training")
    if not test:
        raise UserError(f"{root} has no test pictures: put some into {named or root}, two or more of each class")
    unused = held_out[1:] if "train" in known else []
    return Listing(root, names, tuple(train), tuple(test), _passed_over(root, (*train, *test), unused))


def _of_table(root: Path) -> Listing:
    """The pictures that `labels.csv` names; a fifth of them are test pictures unless it says which."""
    names, rows = label_table.read(root / label_table.NAME)
    train = [(root / row.file, row.label) for row in rows if not row.test]
    test = [(root / row.file, row.label) for row in rows if row.test]
    if all(row.test is None for row in rows):
        train, test = _by_hash(root, train)
    _require_pictures(root, names, train, "training")
    if not test:
        raise UserError(f"{root} has no test pictures: mark some in {label_table.NAME} (is_valid), or add pictures")
    return Listing(root, names, tuple(train), tuple(test), max(_passed_over(root, (*train, *test)) - 1, 0))


def matching(root: Path, names: Sequence[str]) -> tuple[list[File], tuple[str, ...]]:
    """All pictures in sub-folders of `root`, or of its test folder, that are called as a class; the others' names.

    Raises: UserError if there is none.
    """
    known = {path.name.lower(): path for path in sorted(root.iterdir()) if path.is_dir() and path.name not in names}
    home = next((known[name] for name in TEST_FOLDERS if name in known), root)
    found, there = _files(home, names), _sub_folders(home)
    if not found:
        raise UserError(
            f"{home} has no picture in a sub-folder that is called as a class of the run ({', '.join(names)}): it has "
            f"{', '.join(there[:MANY]) or 'no sub-folder'}"
        )
    return found, tuple(name for name in there if name not in names)


def twins(found: Listing) -> str:
    """Says so if the same file is in train and test; else nothing."""
    trained = {_content(path): path for path, _ in found.train}
    same = [(path, trained[key]) for path, _ in found.test if (key := _content(path)) in trained]
    if not same:
        return ""
    test, train = same[0]
    return f"WARNING: {len(same)} pictures are in both train and test, {test} and {train} among them"


def _sub_folders(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")))


def _classes(folder: Path) -> tuple[str, ...]:
    names = _sub_folders(folder)
    if len(names) < 2:
        there = f"only {names[0]!r}" if names else "no sub-folder"
        raise UserError(f"{folder} has {there}: put the pictures of each class in a sub-folder, at least two classes")
    return names


def _files(folder: Path, names: Sequence[str]) -> list[File]:
    return [(path, label) for label, name in enumerate(names) for path in _pictures(folder / name)]


def _pictures(folder: Path) -> list[Path]:
    """Those below a folder, but for hidden ones; a million are found without asking for each what it is."""
    walked = (
        (home, name) for home, _, files in os.walk(folder) for name in files if not Path(home).name.startswith(".")
    )
    return sorted(path for path in (Path(home, name) for home, name in walked) if is_picture(path))


def _divided(root: Path, files: Sequence[File], classes: int) -> tuple[list[File], list[File]]:
    """Train and test, by a hash of each file's path below the folder.

    A class that this leaves without a test picture gives the one with the least hash, if it has two.
    """
    test = set(_by_hash(root, files)[1])
    for label in range(classes):
        own = sorted((item for item in files if item[1] == label), key=lambda item: _place(root, item[0]))
        if len(own) > 1 and not test & set(own):
            test.add(own[0])
        if own and set(own) <= test:
            test.discard(own[-1])
    return [item for item in files if item not in test], [item for item in files if item in test]


def _by_hash(root: Path, files: Sequence[File]) -> tuple[list[File], list[File]]:
    chosen = [_place(root, path) < TEST_FRACTION for path, _ in files]
    pairs = list(zip(files, chosen, strict=True))
    return [item for item, test in pairs if not test], [item for item, test in pairs if test]


def _place(root: Path, path: Path) -> float:
    """From 0 to 1, by the path below the folder."""
    name = path.relative_to(root).as_posix().encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:8], "big") / 2**64


def _require_pictures(root: Path, names: Sequence[str], files: Sequence[File], what: str) -> None:
    counts = np.zeros(len(names), int)
    for _, label in files:
        counts[[place for place, one in enumerate(label) if one] if isinstance(label, tuple) else label] += 1
    empty = [name for name, count in zip(names, counts, strict=True) if not count]
    if empty:
        known = ", ".join(sorted(pictures.SUFFIXES))
        raise UserError(f"class {empty[0]!r} in {root} has no {what} pictures ({known}): add some or remove it")


def _passed_over(root: Path, files: Sequence[File], unused: Sequence[Path] = ()) -> int:
    """How many files there are besides, but for those in folders that are not used."""

    def count(folder: Path) -> int:
        return sum(len(names) for _, _, names in os.walk(folder))

    return max(count(root) - sum(map(count, unused)) - len(files), 0)


def _content(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
