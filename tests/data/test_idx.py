"""Files in MNIST's format: what is written is read, and what is damaged is named."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from jaxcnn import data
from jaxcnn.errors import UserError

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 5, 4), dtype=np.uint8)
LABELS = np.array([2, 0, 1, 2, 0, 1, 3], np.uint8)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four training images in plain files, three test images in compressed ones."""
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(IMAGES[:4]))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(LABELS[:4]))
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(IMAGES[4:])))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(LABELS[4:])))
    return tmp_path


def test_what_was_written_is_read(folder: Path):
    found = data.load(f"idx:{folder}")
    assert found.train_size == 4
    assert found.label_names == ("0", "1", "2", "3")
    np.testing.assert_array_equal(found.labels, LABELS)
    np.testing.assert_array_equal(found.images, np.stack([IMAGES] * 3, axis=-1))
    chosen = data.load(f"idx:{folder}", classes=("2", "0"))
    assert chosen.labels.tolist() == [0, 1, 0, 1]


def test_parts_of_emnist_are_found_by_the_middle_of_their_names(folder: Path):
    for path in list(folder.iterdir()):
        path.rename(folder / f"emnist-letters-{path.name.replace('t10k', 'test')}")
    assert data.load(f"idx:{folder}").train_size == 4


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte", idx(IMAGES[:4])[:-1], "train-images-idx3-ubyte is damaged: 79 bytes for 4 x 5 x 4"),
        ("train-images-idx3-ubyte", b"\0\0", "is not an idx file of 3 axes"),
        ("train-labels-idx1-ubyte", idx(IMAGES[:4]), "train-labels-idx1-ubyte is not an idx file of 1 axes"),
        ("train-labels-idx1-ubyte", idx(LABELS[:3]), "has 4 images, train-labels-idx1-ubyte 3 labels"),
        (
            "train-labels-idx1-ubyte.gz",
            idx(LABELS[:4]),
            r"must hold one file .*it has train-labels-idx1-ubyte, train-l",
        ),
        ("t10k-images-idx3-ubyte.gz", gzip.compress(idx(IMAGES))[:-9], "t10k-images-idx3-ubyte.gz cannot be read"),
        ("t10k-images-idx3-ubyte.gz", b"no gzip", "t10k-images-idx3-ubyte.gz cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(folder: Path, name: str, content: bytes, message: str):
    (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        data.load(f"idx:{folder}")


def test_a_folder_without_such_files_says_what_it_must_hold(tmp_path: Path):
    with pytest.raises(UserError, match=r"must hold one file \*train-images-idx3\*; it has none"):
        data.load(f"idx:{tmp_path}")
    with pytest.raises(UserError, match="is not a folder"):
        data.load(f"idx:{tmp_path / 'nowhere'}")
