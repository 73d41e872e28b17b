"""A data set in host memory."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jaxcnn.errors import UserError, lookup

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


class MissingData(UserError):
    """The data set is neither prepared on this machine nor within reach of its network."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels in host memory, read-only; a set that comes from the cache is mapped from its files.

    Shapes: images `[N, height, width, 3]` uint8, labels `[N]` int32 in `0..num_classes-1`.
    `digest` is a short hash of arrays and label names: copies of one version can differ (original, re-encoded).
    """

    name: str
    version: str
    digest: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    label_names: tuple[str, ...]

    @property
    def num_classes(self) -> int:
        return len(self.label_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        height, width, channels = self.train_images.shape[1:]
        return height, width, channels


def sealed(dataset: Dataset) -> Dataset:
    """The same data set with its arrays read-only and its digest computed."""
    for array in arrays(dataset).values():
        array.setflags(write=False)
    return replace(dataset, digest=digest(dataset))


def arrays(dataset: Dataset) -> dict[str, np.ndarray]:
    """The four arrays by field name."""
    return {field: getattr(dataset, field) for field in ARRAYS}


def digest(dataset: Dataset) -> str:
    """Twelve hexadecimal digits of a hash of the label names, shapes and contents."""
    content = hashlib.sha256(repr(dataset.label_names).encode())
    for field, array in arrays(dataset).items():
        content.update(f"{field} {array.dtype} {array.shape}".encode())
        content.update(np.ascontiguousarray(array).data)
    return content.hexdigest()[:12]


def select(dataset: Dataset, classes: Sequence[str]) -> Dataset:
    """The images of `classes` alone, relabelled 0, 1, ... in the order given.

    Raises UserError for a label name that the data set does not have, or that is given twice.
    """
    numbers = {name: number for number, name in enumerate(dataset.label_names)}
    kept = [lookup(numbers, name, f"class of {dataset.name}") for name in classes]
    if len(set(kept)) < len(kept):
        raise UserError(f"a class is named twice in {', '.join(classes)}: name each class once")
    relabel = np.full(dataset.num_classes, -1, np.int32)
    relabel[kept] = np.arange(len(kept))

    def part(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        new = relabel[labels]
        return images[new >= 0], new[new >= 0]

    train = part(dataset.train_images, dataset.train_labels)
    test = part(dataset.test_images, dataset.test_labels)
    return sealed(Dataset(dataset.name, dataset.version, "", *train, *test, label_names=tuple(classes)))
