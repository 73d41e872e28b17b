"""`folder:PATH`: one's own pictures, decoded once and then kept in the cache (`listing` says which files are meant)."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from jaxcnn.console.terminal import say
from jaxcnn.data import cache, pictures, streamed
from jaxcnn.data.dataset import Dataset, Part, joined, select
from jaxcnn.data.listing import File, Listing, listing, twins
from jaxcnn.data.pictures import ORIENTATION, BrokenPicture, Reading
from jaxcnn.errors import MANY, UserError
from jaxcnn.paths import cache_folder, user_path

__all__ = ["Reading", "listing", "load"]

MEMORY = 1 / 4
"""The part of the memory that decoded pictures may take; to join them takes twice as much for a moment."""


def load(text: str, reading: Reading, stream: str = "never", classes: Sequence[str] = ()) -> Dataset:
    """The pictures below the folder `text` as a data set: decoded once and then kept in the cache, or streamed.

    `stream`: `always`, `never`, or `auto`, which decides by the memory they would take.
    Raises: UserError for a folder, a class or a picture that cannot be used.
    """
    found = listing(user_path(text))
    why = _why_streamed(found, reading, stream)
    if why:
        if not reading.side:
            raise UserError(f"streamed pictures ({why}) need one size: say which, --data.image-size 224")
        say(f"streamed: the pictures of {found.root} stay in their files ({why})")
        return streamed.dataset_of(streamed.only(found, classes) if classes else found, reading)
    dataset = _in_memory(found, reading)
    return select(dataset, classes) if classes else dataset


def _why_streamed(found: Listing, reading: Reading, stream: str) -> str:
    """Why the pictures are not decoded into memory; empty if they are."""
    if stream != "auto":
        return "as asked" if stream == "always" else ""
    size = 3 * reading.side**2 * (len(found.train) + len(found.test))
    memory = streamed.physical_memory()
    if size <= MEMORY * memory:
        return ""
    return f"decoded they would take {size / 1e9:.1f} GB, more than a quarter of the memory of {memory / 1e9:.1f} GB"


def _in_memory(found: Listing, reading: Reading) -> Dataset:
    entry = cache_folder() / f"folder-{found.root.name}-{_fingerprint(found, reading)}"
    dataset, notes = cache.read(entry), cache.notes(entry)
    if dataset is None:
        dataset, notes = _decoded(found, reading)
        cache.write(entry, dataset, notes)
    if found.passed_over:
        say(f"{found.root}: {found.passed_over:,} files that are not pictures are passed over")
    for note in notes:  # at every start: what was left out is not seen otherwise
        say(note)
    return dataset


def _decoded(found: Listing, reading: Reading) -> tuple[Dataset, list[str]]:
    """The pictures, and what there is to say of them."""
    height, width = (reading.side, reading.side) if reading.side else _common_size(found)
    (train, some), (test, others) = (_part(files, height, width, reading) for files in (found.train, found.test))
    dataset = joined(f"folder:{found.root.name}", "1.0.0", train, test, found.label_names)
    return dataset, [*filter(None, [twins(found)]), *some, *others]


def decoded(
    name: str, files: Sequence[File], size: tuple[int, int], reading: Reading, label_names: tuple[str, ...]
) -> Dataset:
    """Pictures as a data set of only test images, which is not cached.

    Raises: UserError for a picture that cannot be read.
    """
    test, notes = _part(files, *size, reading)
    for note in notes:
        say(note)
    return joined(name, "1.0.0", (test[0][:0], test[1][:0]), test, label_names)


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


def _part(files: Sequence[File], height: int, width: int, reading: Reading) -> tuple[Part, list[str]]:
    """The pictures of one split, decoded in parallel, and a line for each that is left out."""

    def decode(item: File) -> np.ndarray | BrokenPicture:
        try:
            return pictures.read(item[0], height, width, reading.fit, resize=reading.resize)
        except BrokenPicture as error:
            return error

    with ThreadPoolExecutor() as pool:
        seen = list(pool.map(decode, files))
    broken = [each for each in seen if isinstance(each, BrokenPicture)]
    if broken and not reading.skip_broken:
        raise UserError(f"{broken[0]}\n{len(broken)} broken in all; remove them, or pass over them: --data.broken skip")
    notes = [f"WARNING: {each}; it is left out ({len(broken)} in all)" for each in broken[:MANY]]
    kept = [(each, label) for each, (_, label) in zip(seen, files, strict=True) if isinstance(each, np.ndarray)]
    images = np.stack([image for image, _ in kept]) if kept else np.zeros((0, height, width, 3), np.uint8)
    several = files and isinstance(files[0][1], tuple)
    shape = (len(kept), len(files[0][1])) if several else (len(kept),)  # type: ignore[arg-type]
    return (images, np.array([label for _, label in kept], np.int32).reshape(shape)), notes


def _fingerprint(found: Listing, reading: Reading) -> str:
    """Of the names, sizes and times of all files, their split, and how they are read."""
    content = hashlib.sha256(f"{cache.FORMAT} {found.root.resolve()} {reading}".encode())
    for part in (found.train, found.test):
        for path, label in part:
            stat = path.stat()
            content.update(f"\n{path} {label} {stat.st_size} {stat.st_mtime_ns}".encode())
        content.update(b"\n--")
    return content.hexdigest()[:16]
