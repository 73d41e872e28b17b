"""`folder:PATH`: one's own pictures, one sub-folder a class.

`train/` and `test/` (or `val/`) are used if they are there; else a fifth of the pictures are test images, chosen by
their names, so that a picture stays on its side when others are added.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from jaxcnn.console.terminal import say
from jaxcnn.data import cache, pictures
from jaxcnn.data.dataset import Dataset, Part, joined
from jaxcnn.data.pictures import BrokenPicture, Fit, is_picture
from jaxcnn.errors import MANY, UserError
from jaxcnn.paths import cache_folder, user_path

TEST_FRACTION = 0.2
ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held; from 5 on, on its side."""
TEST_FOLDERS = ("test", "val", "valid", "validation")


@dataclass(frozen=True)
class Reading:
    """How pictures are read: side (0: as they are), how they are fitted, and what to do with a broken one."""

    side: int = 0
    fit: Fit = "crop"
    skip_broken: bool = False


@dataclass(frozen=True)
class Listing:
    """The files of a folder: train and test, each in order, with the number of its class."""

    root: Path
    label_names: tuple[str, ...]
    train: tuple[tuple[Path, int], ...]
    test: tuple[tuple[Path, int], ...]
    passed_over: int
    """Files that are not pictures."""


def load(text: str, reading: Reading) -> Dataset:
    """The pictures below the folder `text` as a data set, decoded once and then kept in the cache.

    Raises: UserError for a folder, a class or a picture that cannot be used.
    """
    found = listing(user_path(text))
    entry = cache_folder() / f"folder-{found.root.name}-{_fingerprint(found, reading)}"
    dataset = cache.read(entry)
    if dataset is None:
        dataset = _decoded(found, reading)
        cache.write(entry, dataset)
    return dataset


def listing(root: Path) -> Listing:
    """What a folder holds.

    Raises: UserError if it is not there, or holds no or one class, or a class without pictures.
    """
    if not root.is_dir():
        raise UserError(f"{root} is not a folder: name one that has a sub-folder of pictures for each class")
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
    used = {path for path, _ in (*train, *test)}
    unused = held_out[1:] if "train" in known else []
    others = [path for path in root.rglob("*") if path.is_file() and path not in used]
    passed_over = sum(not any(folder in path.parents for folder in unused) for path in others)
    return Listing(root, names, tuple(train), tuple(test), passed_over)


def _sub_folders(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")))


def _classes(folder: Path) -> tuple[str, ...]:
    names = _sub_folders(folder)
    if len(names) < 2:
        there = f"only {names[0]!r}" if names else "no sub-folder"
        raise UserError(f"{folder} has {there}: put the pictures of each class in a sub-folder, at least two classes")
    return names


def _files(folder: Path, names: Sequence[str]) -> list[tuple[Path, int]]:
    return [
        (path, label)
        for label, name in enumerate(names)
        for path in sorted((folder / name).rglob("*"))
        if path.is_file() and is_picture(path) and not any(part.startswith(".") for part in path.parts[-2:])
    ]


def _divided(root: Path, files: Sequence[tuple[Path, int]], classes: int) -> tuple[list, list]:
    """Train and test, by a hash of each file's path below the folder.

    A class that this leaves without a test picture gives the one with the least hash, if it has two.
    """

    def place(item: tuple[Path, int]) -> float:
        name = item[0].relative_to(root).as_posix().encode()
        return int.from_bytes(hashlib.sha256(name).digest()[:8], "big") / 2**64

    test = {item for item in files if place(item) < TEST_FRACTION}
    for label in range(classes):
        own = sorted((item for item in files if item[1] == label), key=place)
        if len(own) > 1 and not test & set(own):
            test.add(own[0])
        if own and set(own) <= test:
            test.discard(own[-1])
    return [item for item in files if item not in test], [item for item in files if item in test]


def _require_pictures(root: Path, names: Sequence[str], files: Sequence[tuple[Path, int]], what: str) -> None:
    counts = np.bincount([label for _, label in files], minlength=len(names))
    empty = [name for name, count in zip(names, counts, strict=True) if not count]
    if empty:
        known = ", ".join(sorted(pictures.SUFFIXES))
        raise UserError(f"class {empty[0]!r} in {root} has no {what} pictures ({known}): add some or remove it")


def _decoded(found: Listing, reading: Reading) -> Dataset:
    if found.passed_over:
        say(f"{found.root}: {found.passed_over:,} files that are not pictures are passed over")
    _warn_of_twins(found)
    height, width = (reading.side, reading.side) if reading.side else _common_size(found)
    train, test = (_part(files, height, width, reading) for files in (found.train, found.test))
    return joined(f"folder:{found.root.name}", "1.0.0", train, test, found.label_names)


def _common_size(found: Listing) -> tuple[int, int]:
    """Height and width of all pictures.

    Raises: UserError if they differ.
    """
    sizes: dict[tuple[int, int], Path] = {}
    for path, _ in (*found.train, *found.test):
        try:
            with Image.open(path) as image:
                turned = image.getexif().get(ORIENTATION, 1) >= 5
                size = (image.width, image.height) if turned else (image.height, image.width)
                sizes.setdefault(size, path)
        except OSError:
            continue  # said when it is read
        if len(sizes) > 1:
            (one, first), (other, second) = sizes.items()
            raise UserError(
                f"the pictures in {found.root} have several sizes ({first.name}: {one[0]} x {one[1]}, {second.name}: "
                f"{other[0]} x {other[1]}): say which one to use, --data.image-size 64"
            )
    return next(iter(sizes), (0, 0))


def _part(files: Sequence[tuple[Path, int]], height: int, width: int, reading: Reading) -> Part:
    """The pictures of one split, decoded in parallel."""

    def decode(item: tuple[Path, int]) -> np.ndarray | BrokenPicture:
        try:
            return pictures.read(item[0], height, width, reading.fit)
        except BrokenPicture as error:
            return error

    with ThreadPoolExecutor() as pool:
        seen = list(pool.map(decode, files))
    broken = [each for each in seen if isinstance(each, BrokenPicture)]
    if broken and not reading.skip_broken:
        raise UserError(f"{broken[0]}\n{len(broken)} broken in all; remove them, or pass over them: --data.broken skip")
    for each in broken[:MANY]:
        say(f"WARNING: {each}; it is left out ({len(broken)} in all)")
    kept = [(each, label) for each, (_, label) in zip(seen, files, strict=True) if isinstance(each, np.ndarray)]
    images = np.stack([image for image, _ in kept]) if kept else np.zeros((0, height, width, 3), np.uint8)
    return images, np.array([label for _, label in kept], np.int32)


def _warn_of_twins(found: Listing) -> None:
    """Says so if the same file is in train and test."""
    trained = {_content(path): path for path, _ in found.train}
    twins = [(path, trained[key]) for path, _ in found.test if (key := _content(path)) in trained]
    if twins:
        test, train = twins[0]
        say(f"WARNING: {len(twins)} pictures are in both train and test, {test} and {train} among them")


def _content(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _fingerprint(found: Listing, reading: Reading) -> str:
    """Of the names, sizes and times of all files, their split, and how they are read."""
    content = hashlib.sha256(f"{cache.FORMAT} {found.root.resolve()} {reading}".encode())
    for part in (found.train, found.test):
        for path, label in part:
            stat = path.stat()
            content.update(f"\n{path} {label} {stat.st_size} {stat.st_mtime_ns}".encode())
        content.update(b"\n--")
    return content.hexdigest()[:16]
