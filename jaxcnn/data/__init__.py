"""Data sets as uint8 arrays in memory, their splits, the order of an epoch, and normalization.

`load` reads any image-classification set of TensorFlow Datasets (TFDS) without TensorFlow, and `digits`, which needs
no network. Importing this package does not import JAX.
"""

from jaxcnn.data.dataset import Dataset, MissingData
from jaxcnn.data.pixels import (
    CIFAR10_MEAN,
    CIFAR10_STD,
    IMAGENET_MEAN,
    IMAGENET_STD,
    NORMALIZATIONS,
    normalize,
    statistics,
)
from jaxcnn.data.sources import SOURCES, load
from jaxcnn.data.splits import Split, epoch_order, split, with_label_noise

__all__ = [
    "CIFAR10_MEAN",
    "CIFAR10_STD",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "NORMALIZATIONS",
    "SOURCES",
    "Dataset",
    "MissingData",
    "Split",
    "epoch_order",
    "load",
    "normalize",
    "split",
    "statistics",
    "with_label_noise",
]
