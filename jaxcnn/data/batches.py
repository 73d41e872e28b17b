"""Batches of pictures in files, by number: what a worker decodes is a pure function of (seed, step)."""

import gc
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from multiprocessing.connection import wait
from typing import Any, NamedTuple, Protocol, SupportsIndex

import numpy as np

from jaxcnn.console.terminal import say
from jaxcnn.data import crops, pictures, threefry
from jaxcnn.data.pictures import BrokenPicture
from jaxcnn.data.splits import epoch_order
from jaxcnn.data.streamed import Pictures
from jaxcnn.errors import UserError

CROP_DRAW = 2000
"""Far from the places of augmentations in a chain and of tasks, so that a crop draws numbers of its own."""
AHEAD = 2
"""Batches that are ready before they are asked for, in each process that decodes."""


class Decoded(NamedTuple):
    """A batch, or this process's part of it."""

    images: np.ndarray
    """[b, side, side, 3] uint8."""
    labels: np.ndarray
    indices: np.ndarray
    """[b] int32, in the data set; -1 for a broken picture that an evaluation leaves out."""


class Plan(Protocol):
    """Which examples a batch has."""

    def __len__(self) -> int: ...

    def at(self, batch: int, place: int) -> int:
        """The index of the example at a place of a batch; a place beyond its end gives a substitute."""
        ...


@dataclass(frozen=True, eq=False)
class Epochs:
    """The batches of a training: the order of an epoch is a function of (seed, epoch)."""

    train: np.ndarray
    seed: int
    size: int
    per_epoch: int
    total: int

    def __len__(self) -> int:
        return self.total

    def at(self, batch: int, place: int) -> int:
        epoch, position = divmod(batch, self.per_epoch)
        order = _order(len(self.train), self.seed, epoch)
        return int(self.train[order[(position * self.size + place) % len(order)]])


@dataclass(frozen=True, eq=False)
class Once:
    """The batches of an evaluation [count, size]."""

    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    def at(self, batch: int, place: int) -> int:
        return int(self.indices[batch, place])


@lru_cache(maxsize=2)
def _order(n: int, seed: int, epoch: int) -> np.ndarray:
    return epoch_order(n, seed, epoch)


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


@dataclass(frozen=True, eq=False)
class Batches:
    """What decodes batch k: a source of random access, as Grain reads them."""

    images: Pictures
    labels: np.ndarray
    plan: Plan
    positions: np.ndarray
    """The places in a batch that this process decodes."""
    crop: str = ""
    """A crop of the training, or the middle."""
    key: np.ndarray | None = None
    """The run's key [2] uint32, for crops."""
    threads: int = 1

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, batch: SupportsIndex) -> Decoded | str:
        """The batch, or the message of an error: an exception would lose its kind on the way from a worker."""
        _end_with_parent()
        try:
            return self._decoded(int(batch))
        except UserError as error:
            return str(error)

    def _decoded(self, batch: int) -> Decoded:
        numbers = self._numbers(batch)
        side = self.images.reading.side
        images = np.empty((len(self.positions), side, side, 3), np.uint8)
        read = partial(self._read, batch, images, numbers)
        each = map(read, range(len(images))) if self.threads == 1 else _pool(self.threads).map(read, range(len(images)))
        indices = np.fromiter(each, np.int32, len(images))
        return Decoded(images, self.labels[indices], indices)

    def _numbers(self, batch: int) -> np.ndarray:
        """Those of the run's key, the step and each position: the keys of an augmentation in the compiled step."""
        if not self.crop:
            return np.zeros((len(self.positions), 0), np.float32)
        assert self.key is not None
        key = threefry.fold_in(threefry.fold_in(self.key, batch), 0)
        return threefry.uniform(threefry.fold_in(threefry.fold_in(key, self.positions), CROP_DRAW), crops.DRAWN)

    def _read(self, batch: int, images: np.ndarray, numbers: np.ndarray, row: int) -> int:
        """Decodes into a row; returns the index of what is there."""
        for further in range(len(self.plan) if isinstance(self.plan, Epochs) else 1):
            index = self.plan.at(batch, int(self.positions[row]) + further)
            try:
                images[row] = self._picture(index, numbers[row])
                return index
            except BrokenPicture as error:
                if not self.images.reading.skip_broken:
                    raise UserError(f"{error}\nRemove it, or pass over it: --data.broken skip") from None
                _tell(str(error))
        images[row] = 0
        return -1

    def _picture(self, index: int, numbers: np.ndarray) -> np.ndarray:
        if not self.crop:
            return self.images.decoded(index)
        side, crop = self.images.reading.side, crops.build(self.crop, self.images.reading.side)
        return pictures.cropped(self.images.path(index), side, lambda wide, tall: crop(numbers, wide, tall, side))


@lru_cache(maxsize=1)
def _end_with_parent() -> None:
    """Ends a worker when the process that reads from it is gone, even by `kill -9`: it would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@lru_cache(maxsize=1000)
def _tell(message: str) -> None:
    """Says so once in a process."""
    say(f"WARNING: {message}; it is left out")


def stream(batches: Batches, begin: int = 0, workers: int = 0) -> Iterator[Decoded]:
    """The batches from `begin` on, some of them decoded ahead: by `workers` processes, or in this one.

    Raises: UserError for a picture that cannot be read.
    """
    import grain
    from absl import flags

    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()  # Grain reads flags of the command line that it does not own here
    elements = grain.MapDataset.source(batches)  # type: ignore[arg-type]
    reading = grain.ReadOptions(num_threads=1, prefetch_buffer_size=1 if workers else AHEAD)
    ahead: Any = (elements[begin:] if begin else elements).to_iter_dataset(reading)
    if workers:
        ahead = ahead.mp_prefetch(grain.MultiprocessingOptions(num_workers=workers))
    iterator, batch = iter(ahead), None
    try:
        for batch in iterator:
            if isinstance(batch, str):
                raise UserError(batch)
            # A worker's arrays are in memory that it shares with this process, and that a device might hold on to.
            yield Decoded(*map(np.array, batch)) if workers else batch
    finally:
        iterator.close()
        if workers:
            del ahead, iterator, batch
            gc.collect()  # frees what was shared with the workers, which else were reported as leaked at the end
