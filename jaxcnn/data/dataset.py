"""A data set in host memory."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jaxcnn.errors import UserError, lookup

ARRAYS = ("images", "labels")
Part = tuple[np.ndarray, np.ndarray]
"""Images and labels."""


class MissingData(UserError):
    """The data set is neither prepared on this machine nor downloadable."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images and labels in host memory, read-only; a data set from the cache is memory-mapped.

    Shapes: images `[N, height, width, 3]` uint8, labels `[N]` int32 in `0..num_classes-1`, or `[N, num_classes]` zeros
    and ones where a picture has several; the first `train_size` of them are for training, the others for the test. They
    are one array, as on the devices, so that a CPU reads the mapped file itself.
    `digest` is a short hash of arrays and label names: copies of one version can differ (original, re-encoded).
    """

    name: str
    version: str
    digest: str
    images: np.ndarray
    labels: np.ndarray
    train_size: int
    label_names: tuple[str, ...]

    @property
    def train_images(self) -> np.ndarray:
        return self.images[: self.train_size]

    @property
    def train_labels(self) -> np.ndarray:
        return self.labels[: self.train_size]

    @property
    def test_images(self) -> np.ndarray:
        return self.images[self.train_size :]

    @property
    def test_labels(self) -> np.ndarray:
        return self.labels[self.train_size :]

    @property
    def num_classes(self) -> int:
        return len(self.label_names)

    @property
    def streamed(self) -> bool:
        """Whether the images stay in files (`jaxcnn.data.streamed.Pictures`)."""
        return not isinstance(self.images, np.ndarray)

    @property
    def several_labels(self) -> bool:
        """Whether a label is a row of zeros and ones."""
        return self.labels.ndim == 2

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        height, width, channels = self.images.shape[1:]
        return height, width, channels


def joined(name: str, version: str, train: Part, test: Part, label_names: tuple[str, ...]) -> Dataset:
    """The data set of two parts, with its arrays read-only and its digest computed."""
    images, labels = (np.concatenate(pair) for pair in zip(train, test, strict=True))
    dataset = Dataset(name, version, "", images, labels, len(train[1]), label_names)
    for array in arrays(dataset).values():
        array.setflags(write=False)
    return replace(dataset, digest=digest(dataset))


def arrays(dataset: Dataset) -> dict[str, np.ndarray]:
    """Both arrays by field name."""
    return {field: getattr(dataset, field) for field in ARRAYS}


def digest(dataset: Dataset) -> str:
    """Twelve hexadecimal digits of a hash of the label names, shapes and contents."""
    content = hashlib.sha256(repr(dataset.label_names).encode())
    for field in ("train_images", "train_labels", "test_images", "test_labels"):
        array = getattr(dataset, field)
        content.update(f"{field} {array.dtype} {array.shape}".encode())
        content.update(np.ascontiguousarray(array).data)
    return content.hexdigest()[:12]


def numbers_of(classes: Sequence[str], label_names: Sequence[str], where: str) -> list[int]:
    """The places of `classes` among the classes of a data set.

    Raises UserError for a label name that it does not have, or that is given twice.
    """
    numbers = {name: number for number, name in enumerate(label_names)}
    kept = [lookup(numbers, name, f"class of {where}") for name in classes]
    if len(set(kept)) < len(kept):
        raise UserError(f"a class is named twice in {', '.join(classes)}: name each class once")
    return kept


def select(dataset: Dataset, classes: Sequence[str]) -> Dataset:
    """Only the images of `classes`, relabeled 0, 1, ... in the given order; of several labels only these.

    Raises UserError for a label name that the data set does not have, or that is given twice.
    """
    kept = numbers_of(classes, dataset.label_names, dataset.name)
    if dataset.several_labels:
        train, test = (
            (images, labels[:, kept])
            for images, labels in (
                (dataset.train_images, dataset.train_labels),
                (dataset.test_images, dataset.test_labels),
            )
        )
        return joined(dataset.name, dataset.version, train, test, tuple(classes))
    relabel = np.full(dataset.num_classes, -1, np.int32)
    relabel[kept] = np.arange(len(kept))

    def part(images: np.ndarray, labels: np.ndarray) -> Part:
        new = relabel[labels]
        return images[new >= 0], new[new >= 0]

    train = part(dataset.train_images, dataset.train_labels)
    test = part(dataset.test_images, dataset.test_labels)
    return joined(dataset.name, dataset.version, train, test, tuple(classes))
