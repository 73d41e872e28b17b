"""The data of a run: a data set, its splits, and what the run remembers of them."""

from dataclasses import dataclass, replace

import numpy as np

from jaxcnn.config import Config, DataConfig, folder_of
from jaxcnn.console.terminal import say
from jaxcnn.data import crops
from jaxcnn.data.dataset import Dataset, MissingData
from jaxcnn.data.info import DataInfo
from jaxcnn.data.pictures import Reading
from jaxcnn.data.pixels import CIFAR10_MEAN, CIFAR10_STD, statistics
from jaxcnn.data.sources import OWN, load
from jaxcnn.data.splits import Split, long_tailed, split, with_label_noise
from jaxcnn.errors import UserError
from jaxcnn.json_files import read_json

VALIDATION_FRACTION = 0.15
"""Of the training images of a folder, unless a number is given."""
SAMPLE = 1000
"""Pictures that the statistics of streamed data are of."""
PUBLISHED = {"cifar10": (CIFAR10_MEAN, CIFAR10_STD)}
"""The conventional per-channel statistics; those of other data sets are computed from their training images."""


@dataclass(frozen=True)
class Images:
    """A data set, split, and what a run remembers of it."""

    dataset: Dataset
    split: Split
    info: DataInfo

    @property
    def test(self) -> np.ndarray:
        """Indices of the test images in the data set, where they follow the training images."""
        return self.dataset.train_size + np.arange(self.info.test)

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Training images of each class."""
        labels = self.dataset.labels[self.split.train]
        counts = labels.sum(0) if self.info.several_labels else np.bincount(labels, minlength=self.dataset.num_classes)
        return tuple(counts.tolist())


def load_images(config: Config) -> Images:
    """The data of a config, or of its fallback, with a warning.

    Raises: UserError if the data are missing and the config names no fallback.
    """
    wanted, validation = config.data, config.data.validation
    try:
        dataset, fallback = read(wanted, _as_before(config)), False
    except MissingData as error:
        if not wanted.fallback:
            raise
        say(
            f"WARNING: {error}\n"
            f"WARNING: training on {wanted.fallback!r} instead; the results say nothing about {wanted.name!r}."
        )
        dataset, fallback = load(wanted.fallback), True
        validation = min(validation, dataset.train_size // 10)
    if dataset.name.startswith(OWN) and validation == DataConfig.validation:
        validation = min(validation, int(VALIDATION_FRACTION * dataset.train_size))
    return describe(dataset, replace(wanted, validation=validation), config.seed, fallback)


def read(settings: DataConfig, stream: str = "") -> Dataset:
    """The data set that `settings` name, streamed as they say unless `stream` does.

    Raises: UserError as `data.load` does, and for settings of crops that do not fit.
    """
    if settings.resize and (settings.fit != "crop" or settings.resize < settings.image_size):
        raise UserError(
            f"data.resize {settings.resize} is the shorter side out of which --data.fit crop cuts the middle: use at "
            f"least data.image_size, {settings.image_size}"
        )
    reading = Reading(settings.image_size, settings.fit, settings.broken == "skip", settings.resize)
    return load(settings.name, classes=settings.classes, reading=reading, stream=stream or _stream(settings))


def _stream(settings: DataConfig) -> str:
    """A random crop needs the whole picture, and so the file."""
    if not settings.train_crop:
        return settings.stream
    if settings.stream == "never" or not settings.name.startswith("folder:"):
        raise UserError(
            "data.train_crop takes random parts of the pictures of a folder, which are then streamed: use --data.name "
            "folder:PATH and leave out --data.stream never, or use an --augment of images in memory (crop, "
            "multi_scale_crop)"
        )
    if not settings.image_size:
        raise UserError("data.train_crop needs the size of what comes out: --data.image-size 224")
    crops.build(settings.train_crop, settings.image_size)
    return "always"


def _as_before(config: Config) -> str:
    """A run that is resumed streams if it did: on a machine with more memory, the digest would be another."""
    path = folder_of(config) / "data.json"
    if config.data.stream != "auto" or not path.is_file():
        return ""
    try:
        return "always" if read_json(path).get("streamed") else ""
    except UserError:  # said when the folder is opened
        return ""


def describe(dataset: Dataset, settings: DataConfig, seed: int = 0, fallback: bool = False) -> Images:
    """Splits a data set in memory as `settings` ask, by `seed`.

    Raises: UserError for a split that the data set is too small for.
    """
    chosen = split(dataset, settings.validation, seed, settings.train)
    if settings.imbalance > 1:
        chosen = Split(_long_tailed(dataset, chosen.train, settings.imbalance, seed), chosen.validation)
    dataset = with_label_noise(dataset, chosen.train, settings.label_noise, seed)
    mean, std = PUBLISHED.get(dataset.name) or statistics(_sample(dataset) if dataset.streamed else dataset)
    info = DataInfo(
        name=dataset.name,
        version=dataset.version,
        digest=dataset.digest,
        image_shape=tuple(dataset.image_shape),
        label_names=tuple(dataset.label_names),
        mean=tuple(map(float, mean)),
        std=tuple(map(float, std)),
        train=len(chosen.train),
        validation=len(chosen.validation),
        test=len(dataset.test_labels),
        fallback=fallback,
        several_labels=dataset.several_labels,
        streamed=dataset.streamed,
    )
    return Images(dataset, chosen, info)


def _sample(dataset: Dataset) -> np.ndarray:
    """Training images, evenly from the whole, decoded."""
    return dataset.images[np.unique(np.linspace(0, dataset.train_size - 1, SAMPLE).astype(int))]


def _long_tailed(dataset: Dataset, train: np.ndarray, imbalance: float, seed: int) -> np.ndarray:
    if dataset.several_labels:
        raise UserError("data.imbalance is for pictures of one class each, and these have several labels")
    return train[long_tailed(dataset.labels[train], imbalance, seed)]
