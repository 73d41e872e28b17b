"""TFDS builders of CIFAR and the MNIST family, given readers of their files that need no TensorFlow.

Names, versions, features, checksums, keys (and so the order of the prepared examples) are those of the stock builders,
and so are the folders: `cifar10/3.0.2`. Only reading differs. Importing this module imports TFDS.
"""

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tensorflow_datasets.image_classification import cifar, mnist

Examples = Iterator[tuple[int, dict[str, Any]]]


class Cifar10(cifar.Cifar10, skip_registration=True):
    """An archive of files of records: the labels, a byte each, then 1024 red, 1024 green and 1024 blue bytes."""

    URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"

    def _split_generators(self, dl_manager: Any) -> Any:
        layout = self._cifar_info
        # TFDS's own extraction needs TensorFlow.
        with tarfile.open(dl_manager.download(self.URL)) as archive:
            files = {member.name: _content(archive, member) for member in archive if member.isfile()}
        for key, file in zip(layout.label_keys, layout.label_files, strict=True):
            self.info.features[key].names = files[layout.prefix + file].decode().split()
        return {
            split: self._records(split, b"".join(files[layout.prefix + file] for file in names))
            for split, names in (("train", layout.train_files), ("test", layout.test_files))
        }

    def _records(self, split: str, content: bytes) -> Examples:
        keys = self._cifar_info.label_keys
        records = np.frombuffer(content, np.uint8).reshape(-1, len(keys) + 3 * 32 * 32)
        for index, record in enumerate(records):
            labels = dict(zip(keys, record[: len(keys)].tolist(), strict=True))
            image = record[len(keys) :].reshape(3, 32, 32).transpose(1, 2, 0)
            yield index, {"id": f"{split}_{index:05d}", "image": _png(image), **labels}


class Cifar100(Cifar10, skip_registration=True):
    URL = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
    VERSION = cifar.Cifar100.VERSION
    _info = cifar.Cifar100._info
    _cifar_info = cifar.Cifar100._cifar_info


class MNIST(mnist.MNIST, skip_registration=True):
    """Images and labels in gzipped IDX files: a header of 16 (labels: 8) bytes, then a byte a pixel (label)."""

    def _split_generators(self, dl_manager: Any) -> Any:
        files = {split: f"{self.URL}{prefix}" for split, prefix in (("train", "train"), ("test", "t10k"))}
        images = dl_manager.download({split: f"{file}-images-idx3-ubyte.gz" for split, file in files.items()})
        labels = dl_manager.download({split: f"{file}-labels-idx1-ubyte.gz" for split, file in files.items()})
        return {split: self._records(images[split], labels[split]) for split in files}

    def _records(self, images: Path, labels: Path) -> Examples:
        pixels = np.frombuffer(gzip.decompress(images.read_bytes()), np.uint8, offset=16).reshape(-1, 28, 28)
        classes = np.frombuffer(gzip.decompress(labels.read_bytes()), np.uint8, offset=8).tolist()
        for index, (image, label) in enumerate(zip(pixels, classes, strict=True)):
            yield index, {"image": _png(image), "label": label}


class FashionMNIST(MNIST, skip_registration=True):
    URL = mnist.FashionMNIST.URL
    _info = mnist.FashionMNIST._info


class KMNIST(MNIST, skip_registration=True):
    URL = mnist.KMNIST.URL
    _info = mnist.KMNIST._info


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    return file.read() if file else b""


def _png(image: np.ndarray) -> io.BytesIO:
    """An encoded image, which TFDS stores as it is; it would encode an array with TensorFlow."""
    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(encoded, "PNG")
    encoded.seek(0)
    return encoded


BUILDERS: dict[str, Any] = {builder.name: builder for builder in (Cifar10, Cifar100, MNIST, FashionMNIST, KMNIST)}
