"""`idx:FOLDER`: images and labels in the format of MNIST, in which Fashion-MNIST, KMNIST and EMNIST come as well."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from jaxcnn.data.dataset import Dataset, Part, joined
from jaxcnn.errors import UserError
from jaxcnn.paths import user_path

UNSIGNED_BYTE = 8
"""The code of the elements' type in a header; files of images and labels have no other."""


def load(text: str) -> Dataset:
    """The `*train-images-idx3*`, `*train-labels-idx1*` and `*t10k-*` (or `*test-*`) files of a folder, plain or .gz.

    Gray images become three equal channels; classes are named by their numbers. http://yann.lecun.com/exdb/mnist
    Raises: UserError for a folder without them, with several of a kind, or with a damaged one.
    """
    folder = user_path(text)
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: name the one that holds train-images-idx3-ubyte and its like")
    train, test = _part(folder, "train"), _part(folder, "t10k", "test")
    classes = int(max(train[1].max(initial=0), test[1].max(initial=0))) + 1
    return joined(f"idx:{folder.name}", "1.0.0", train, test, tuple(map(str, range(classes))))


def _part(folder: Path, *names: str) -> Part:
    (image_file, images), (label_file, labels) = (
        _array(folder, [f"{name}-{kind}-idx{rank}" for name in names], rank)
        for kind, rank in (("images", 3), ("labels", 1))
    )
    if len(images) != len(labels) or not len(images):
        raise UserError(f"{image_file} has {len(images):,} images, {label_file.name} {len(labels):,} labels")
    return np.repeat(images[..., None], 3, axis=3), labels.astype(np.int32)


def _array(folder: Path, wanted: list[str], rank: int) -> tuple[Path, np.ndarray]:
    """The one file whose name holds one of `wanted`, as an array of `rank` axes."""
    found = sorted({path for name in wanted for path in folder.glob(f"*{name}*") if path.is_file()})
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise UserError(f"{folder} must hold one file {' or '.join(f'*{name}*' for name in wanted)}; it has {names}")
    path = found[0]
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path} cannot be read ({error}): download it again") from None
    head = 4 + 4 * rank
    if len(content) < head or tuple(content[:4]) != (0, 0, UNSIGNED_BYTE, rank):
        raise UserError(f"{path} is not an idx file of {rank} axes of unsigned bytes: download it again")
    shape = tuple(np.frombuffer(content, ">u4", rank, offset=4).tolist())
    if len(content) - head != np.prod(shape, dtype=np.int64):
        raise UserError(
            f"{path} is damaged: {len(content) - head:,} bytes for {' x '.join(map(str, shape))}: download it again"
        )
    return path, np.frombuffer(content, np.uint8, offset=head).reshape(shape)
