"""Pictures that stay in their files: a data set that memory need not hold.

`Pictures` stands where a data set in memory has an array of images; `Batches` is what decodes, by its number, any batch
of a training or an evaluation.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from jaxcnn.console.terminal import say
from jaxcnn.data import pictures
from jaxcnn.data.dataset import Dataset, numbers_of
from jaxcnn.data.listing import File, Listing
from jaxcnn.data.pictures import BrokenPicture, Reading


@dataclass(frozen=True, eq=False)
class Pictures:
    """Images [N, side, side, 3] uint8 that are decoded when they are indexed; a slice of them decodes nothing."""

    root: str
    files: np.ndarray
    """[N] paths below `root`, as bytes: a million of them take little memory."""
    reading: Reading

    dtype = np.dtype(np.uint8)
    ndim = 4

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return len(self.files), self.reading.side, self.reading.side, 3

    def __len__(self) -> int:
        return len(self.files)

    def path(self, index: int) -> str:
        return f"{self.root}/{os.fsdecode(self.files[index])}"

    def take(self, indices: np.ndarray | slice) -> "Pictures":
        """Some of them, not decoded."""
        return replace(self, files=self.files[indices])

    def decoded(self, index: int) -> np.ndarray:
        """A picture as an evaluation sees it.

        Raises: BrokenPicture, naming the file.
        """
        _, side, _, _ = self.shape
        return pictures.read(self.path(index), side, side, self.reading.fit, resize=self.reading.resize)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.take(index)
        if np.ndim(index) == 0:
            return self.decoded(int(index))
        places = np.asarray(index)
        places = np.flatnonzero(places) if places.dtype == bool else places
        images = np.zeros((len(places), *self.shape[1:]), np.uint8)
        for row, place in enumerate(places):
            try:
                images[row] = self.decoded(int(place))
            except BrokenPicture as error:
                if not self.reading.skip_broken:
                    raise
                say(f"WARNING: {error}; it is black here")
        return images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[np.arange(len(self))].astype(dtype or np.uint8, copy=False)


def dataset_of(found: Listing, reading: Reading) -> Dataset:
    """The pictures of a folder as a data set whose digest is that of their names, sizes and labels."""
    paths = [str(path) for path, _ in (*found.train, *found.test)]
    names = [path.removeprefix(f"{found.root}/") for path in paths]
    labels = np.array([label for _, label in (*found.train, *found.test)], np.int32)
    content = hashlib.sha256(f"streamed {reading.side} {reading.fit} {reading.resize} {found.label_names}".encode())
    for path, name, label in zip(paths, names, labels.tolist(), strict=True):
        content.update(os.fsencode(f"\n{name} {label} {os.stat(path).st_size}"))
    content.update(f"\n{len(found.train)}".encode())
    return Dataset(
        name=f"folder:{found.root.name}",
        version="1.0.0",
        digest=content.hexdigest()[:12],
        images=Pictures(str(found.root.resolve()), np.array([os.fsencode(name) for name in names]), reading),  # type: ignore[arg-type]
        labels=labels,
        train_size=len(found.train),
        label_names=found.label_names,
    )


def only(found: Listing, classes: Sequence[str]) -> Listing:
    """The files of some classes, renumbered in the given order; of several labels only these.

    Raises: UserError for a class that is not there, or that is named twice.
    """
    kept = numbers_of(classes, found.label_names, str(found.root))
    places = {number: place for place, number in enumerate(kept)}

    def part(files: Sequence[File]) -> tuple[File, ...]:
        if files and isinstance(files[0][1], tuple):
            return tuple((path, tuple(label[number] for number in kept)) for path, label in files)  # type: ignore[index]
        return tuple((path, places[label]) for path, label in files if label in places)

    return replace(found, label_names=tuple(classes), train=part(found.train), test=part(found.test))


@lru_cache(maxsize=4)
def physical_memory() -> int:
    """Bytes that this process may use: of the machine, or of its control group if that is less."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    text = limit.read_text().strip() if limit.exists() else "max"
    return min(there, int(text)) if text.isdecimal() else there
