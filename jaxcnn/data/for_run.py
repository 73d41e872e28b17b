"""The data of a run: a data set, its splits, and what the run remembers of them."""

from dataclasses import dataclass, replace

import numpy as np

from jaxcnn.config import Config, DataConfig
from jaxcnn.console.terminal import say
from jaxcnn.data.dataset import Dataset, MissingData
from jaxcnn.data.folder import Reading
from jaxcnn.data.info import DataInfo
from jaxcnn.data.pixels import CIFAR10_MEAN, CIFAR10_STD, statistics
from jaxcnn.data.sources import load
from jaxcnn.data.splits import Split, split, with_label_noise

VALIDATION_FRACTION = 0.15
"""Of the training images of a folder, unless a number is given."""
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


def load_images(config: Config) -> Images:
    """The data of a config, or of its fallback, with a warning.

    Raises: UserError if the data are missing and the config names no fallback.
    """
    wanted, validation = config.data, config.data.validation
    try:
        dataset, fallback = read(wanted), False
    except MissingData as error:
        if not wanted.fallback:
            raise
        say(
            f"WARNING: {error}\n"
            f"WARNING: training on {wanted.fallback!r} instead; the results say nothing about {wanted.name!r}."
        )
        dataset, fallback = load(wanted.fallback), True
        validation = min(validation, dataset.train_size // 10)
    if dataset.name.startswith(("folder:", "arrays:")) and validation == DataConfig.validation:
        validation = min(validation, int(VALIDATION_FRACTION * dataset.train_size))
    return describe(dataset, replace(wanted, validation=validation), config.seed, fallback)


def read(settings: DataConfig) -> Dataset:
    """The data set that `settings` name.

    Raises: UserError as `data.load` does.
    """
    reading = Reading(settings.image_size, settings.fit, settings.broken == "skip")
    return load(settings.name, classes=settings.classes, reading=reading)


def describe(dataset: Dataset, settings: DataConfig, seed: int = 0, fallback: bool = False) -> Images:
    """Splits a data set in memory as `settings` ask, by `seed`.

    Raises: UserError for a split that the data set is too small for.
    """
    chosen = split(dataset, settings.validation, seed, settings.train)
    dataset = with_label_noise(dataset, chosen.train, settings.label_noise, seed)
    mean, std = PUBLISHED.get(dataset.name) or statistics(dataset)
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
    )
    return Images(dataset, chosen, info)
