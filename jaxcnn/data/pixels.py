"""From bytes to numbers: normalization by name, and the statistics it needs.

Written with array methods only, so the same functions work on NumPy arrays and, inside a compiled step, on JAX arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxcnn.data.dataset import Dataset
from jaxcnn.errors import lookup

if TYPE_CHECKING:
    import jax

    Array = np.ndarray | jax.Array

# Of the 50,000 train images, in [0, 1], as the literature gives them.
CIFAR10_MEAN = (0.4914, 0.4822, 0.4465)
CIFAR10_STD = (0.2470, 0.2435, 0.2616)

# Of ImageNet's training images, in [0, 1], as torchvision and timm give them.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

CHUNK = 1000


def _center(pixels: Any, mean: np.ndarray, std: np.ndarray) -> Any:
    return pixels - np.float32(255) * mean


def _scale(pixels: Any, mean: np.ndarray, std: np.ndarray) -> Any:
    return pixels / np.float32(127.5) - 1


def _standardize(pixels: Any, mean: np.ndarray, std: np.ndarray) -> Any:
    return (pixels / np.float32(255) - mean) / std


def _center_back(numbers: Any, mean: np.ndarray, std: np.ndarray) -> Any:
    return numbers + np.float32(255) * mean


def _scale_back(numbers: Any, mean: np.ndarray, std: np.ndarray) -> Any:
    return (numbers + 1) * np.float32(127.5)


def _standardize_back(numbers: Any, mean: np.ndarray, std: np.ndarray) -> Any:
    return (numbers * std + mean) * np.float32(255)


def _imagenet_back(numbers: Any, mean: np.ndarray, std: np.ndarray) -> Any:
    return _standardize_back(numbers, np.asarray(IMAGENET_MEAN, np.float32), np.asarray(IMAGENET_STD, np.float32))


Pointwise = Callable[[Any, np.ndarray, np.ndarray], Any]


def _imagenet(pixels: Any, mean: np.ndarray, std: np.ndarray) -> Any:
    return _standardize(pixels, np.asarray(IMAGENET_MEAN, np.float32), np.asarray(IMAGENET_STD, np.float32))


# Name -> a function of float32 pixels in 0..255, mean and std `[channel]` in [0, 1].
NORMALIZATIONS: dict[str, Pointwise] = {
    "center": _center,
    "imagenet": _imagenet,
    "scale": _scale,
    "standardize": _standardize,
}
# Name -> its inverse.
INVERSES: dict[str, Pointwise] = {
    "center": _center_back,
    "imagenet": _imagenet_back,
    "scale": _scale_back,
    "standardize": _standardize_back,
}


def normalize(
    images: Array,
    name: str = "standardize",
    mean: Sequence[float] = CIFAR10_MEAN,
    std: Sequence[float] = CIFAR10_STD,
    dtype: Any = np.float32,
) -> Any:
    """Images `[..., channel]` uint8 as numbers of `dtype`, computed in float32.

    `name`: `center` (x - 255 mean, for which the first weights of cuda-convnet and Caffe are made), `scale`
    (x / 127.5 - 1, in [-1, 1]; ignores `mean` and `std`), `standardize` ((x / 255 - mean) / std) or `imagenet` (the
    same with ImageNet's mean and standard deviation, whatever `mean` and `std` are).
    NumPy in, NumPy out; JAX in, JAX out. Raises UserError for an unknown name.
    """
    function = lookup(NORMALIZATIONS, name, "normalization")
    pixels = images.astype(np.float32)
    return function(pixels, np.asarray(mean, np.float32), np.asarray(std, np.float32)).astype(dtype)


def denormalize(
    numbers: Array,
    name: str = "standardize",
    mean: Sequence[float] = CIFAR10_MEAN,
    std: Sequence[float] = CIFAR10_STD,
) -> Any:
    """The inverse of `normalize`: float32 in 0 ... 255, neither rounded nor clipped."""
    function = lookup(INVERSES, name, "normalization")
    return function(numbers.astype(np.float32), np.asarray(mean, np.float32), np.asarray(std, np.float32))


def statistics(data: Dataset | np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel in [0, 1], over all pixels of the train images; exact.

    `data`: a Dataset, or images `[N, height, width, channel]` uint8.
    """
    images = data.train_images if isinstance(data, Dataset) else data
    # A byte has 256 values: how often each occurs holds both moments, in whole numbers.
    histograms = np.zeros((images.shape[-1], 256), np.int64)
    for start in range(0, len(images), CHUNK):
        for channel, counts in enumerate(histograms):
            counts += np.bincount(images[start : start + CHUNK, ..., channel].ravel(), minlength=256)
    values = np.arange(256)
    total, first, second = histograms.sum(1), histograms @ values, histograms @ values**2
    mean = first / total / 255
    std = np.sqrt(second / total / 255**2 - mean**2)
    return tuple(mean.tolist()), tuple(std.tolist())
