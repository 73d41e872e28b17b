"""Data sets that TFDS has prepared: finding them without importing TFDS, reading them without TensorFlow."""

import io
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from jaxcnn.data import pictures
from jaxcnn.data.dataset import Dataset, Part, joined
from jaxcnn.data.pictures import Reading
from jaxcnn.data.splits import balanced
from jaxcnn.errors import UserError
from jaxcnn.paths import user_path

NAME = re.compile(r"(?P<base>[a-z]\w*)(/(?P<config>[\w.-]+))?(:(?P<version>\d+\.\d+\.\d+))?", re.ASCII)
READABLE = ("array_record", "parquet")
TEST_SPLITS = ("test", "validation")
TEST_FRACTION = 0.2
"""Of the training images, where there are no others."""
BATCH = 1000
HERE = ("cifar10", "cifar100", "mnist", "fashion_mnist", "kmnist")
"""Sets that `jaxcnn.data.builders` prepares, named here because importing it takes a second."""


def root(data_dir: str | None) -> Path:
    """Where TFDS keeps prepared data: `data_dir`, or `TFDS_DATA_DIR`, or `~/tensorflow_datasets`."""
    chosen = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    if "://" in chosen:
        raise UserError(
            f"data is read from local folders, not from {chosen}: copy it and set TFDS_DATA_DIR to the copy"
        )
    return user_path(chosen).absolute()


def find(name: str, root: Path) -> Path | None:
    """The folder of the newest prepared version of `name`, or None.

    Raises UserError if only configurations of it are prepared and `name` has none.
    """
    parts = NAME.fullmatch(name)
    if parts is None:
        return None
    base, version = parts["base"], parts["version"] or "*"
    if parts["config"]:
        base = f"{base}/{parts['config']}"
    if folders := _versions(root, f"{base}/{version}"):
        return max(folders, key=lambda folder: [int(number) for number in folder.name.split(".")])
    if configured := _versions(root, f"{base}/*/{version}"):
        names = sorted({folder.parent.relative_to(root).as_posix() for folder in configured})
        raise UserError(f"{name} has configurations: name one, such as {', '.join(names)}")
    return None


def read(folder: Path, reading: Reading | None = None) -> Dataset:
    """Decodes the prepared data in `folder`; shows a line on a terminal if that takes over a second.

    `reading` brings all images to one size, if it has one.

    Raises UserError if it is not image classification, unreadable without TensorFlow, or damaged.
    """
    with _readable(folder):
        about = json.loads((folder / "dataset_info.json").read_text())
        _check_format(folder, about["name"], about.get("fileFormat", "tfrecord"))
        return _decoded(folder, about["name"], reading or Reading())


def _decoded(folder: Path, name: str, reading: Reading) -> Dataset:
    import tensorflow_datasets as tfds  # half a second: not when the cache answers

    builder: Any = tfds.builder_from_directory(folder)
    features = builder.info.features
    _check_features(name, features)
    splits = builder.info.splits
    if "train" not in splits:
        raise UserError(f"{name} has the splits {', '.join(splits)}: train is required")
    used = ["train", *[split for split in TEST_SPLITS if split in splits][:1]]
    names = tuple(str(label) for label in features["label"].names)
    # Records as they are stored: TFDS would decode every feature, and take half as long again.
    raw = tfds.decode.DeserializeMethod.RAW_BYTES
    sources = [builder.as_data_source(split, deserialize_method=raw) for split in used]
    parts = [_arrays(name, source, reading) for source in sources]
    for _, labels in parts:
        if labels.min() < 0 or labels.max() >= len(names):
            raise UserError(f"{name} has images without a label: it cannot be used for classification")
    train, test = parts if len(parts) > 1 else _with_test_images(name, *parts)
    return joined(name, folder.name, train, test, label_names=names)


def _with_test_images(name: str, everything: Part) -> tuple[Part, Part]:
    """Training and test images of a set that TFDS does not divide: the same ones on every machine."""
    images, labels = everything
    test = balanced(labels, round(TEST_FRACTION * len(labels)), seed=0)
    train = np.setdiff1d(np.arange(len(labels)), test)
    print(
        f"{name} has no test images: {len(test):,} of its {len(labels):,} training images, of all classes and the same "
        "ones at every start, are the test images",
        file=sys.stderr,
    )
    return (images[train], labels[train]), (images[test], labels[test])


def _arrays(name: str, source: Any, reading: Reading) -> Part:
    """Images `[N, height, width, 3]` uint8 and labels `[N]` int32 of a TFDS data source of raw records."""
    shape = _example(source[0], reading)[0].shape
    images, labels = np.empty((len(source), *shape), np.uint8), np.empty(len(source), np.int32)
    tell = _teller(f"{name}: decoding {len(source):,} images, once; the next start reads them from the cache")
    for start in range(0, len(source), BATCH):
        records = source.__getitems__(list(range(start, min(start + BATCH, len(source)))))
        for index, record in enumerate(records, start):
            image, labels[index] = _example(record, reading)
            if image.shape != shape:
                sizes = " and ".join(f"{height}x{width}" for height, width, _ in (shape, image.shape))
                raise UserError(f"{name} has images of several sizes ({sizes}): say which one, --data.image-size 64")
            images[index] = image
        tell()
    return images, labels


def _example(record: bytes | memoryview, reading: Reading) -> tuple[np.ndarray, int]:
    """The image `[height, width, 3]` uint8 and the label of a serialized `tf.Example`."""
    from PIL import Image
    from tensorflow_datasets.proto import tf_example_pb2

    example = tf_example_pb2.Example.FromString(bytes(record))  # pyrefly: ignore[missing-attribute]
    fields = example.features.feature
    picture, label = Image.open(io.BytesIO(fields["image"].bytes_list.value[0])), fields["label"].int64_list.value[0]
    if reading.side:
        return pictures.fitted(picture, reading.side, reading.side, reading.fit, resize=reading.resize), label
    color = picture if picture.mode == "RGB" else picture.convert("RGB")
    pixels = np.frombuffer(color.tobytes(), np.uint8).reshape(color.height, color.width, 3)
    return pixels, label


def _teller(message: str, after: float = 1.0) -> Any:
    """A function that prints `message` to a terminal, once, when first called `after` seconds from now."""
    due = time.monotonic() + after if sys.stderr.isatty() else float("inf")

    def tell() -> None:
        nonlocal due
        if time.monotonic() > due:
            print(message, file=sys.stderr, flush=True)
            due = float("inf")

    return tell


def _versions(root: Path, pattern: str) -> list[Path]:
    found = [path.parent for path in root.glob(f"{pattern}/dataset_info.json")]
    return [folder for folder in found if re.fullmatch(r"\d+\.\d+\.\d+", folder.name)]


def _check_format(folder: Path, name: str, file_format: str) -> None:
    if file_format in READABLE:
        return
    message = (
        f"{folder} is prepared as {file_format}, which cannot be read without TensorFlow. Prepare {name} again, in "
        f"another folder and as array_record (with TensorFlow: {build_command(name, 'FOLDER')}), and set TFDS_DATA_DIR "
        "to that folder"
    )
    if name not in HERE:
        raise UserError(message)
    raise UserError(
        f"{message}. {name} is also prepared here, without TensorFlow: set TFDS_DATA_DIR to an empty folder, and run "
        "the same command again with a network"
    )


def build_command(name: str, root: str | Path) -> str:
    """The command of TFDS that prepares a data set as what can be read here."""
    return f"tfds build {name} --file_format=array_record --data_dir={shlex.quote(str(root))}"


def _check_features(name: str, features: Any) -> None:
    from tensorflow_datasets import features as kinds

    fields = dict(features) if isinstance(features, kinds.FeaturesDict) else {}
    image, label = fields.get("image"), fields.get("label")
    if isinstance(image, kinds.Image) and image.np_dtype == np.uint8 and isinstance(label, kinds.ClassLabel):
        return
    raise UserError(
        f"{name} is not an image-classification data set: expected a uint8 `image` and a ClassLabel `label`; "
        f"it has {', '.join(sorted(fields)) or features}"
    )


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Turns the exceptions of the readers of damaged files, of many kinds, into one message."""
    try:
        yield
    except (UserError, ImportError):
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(
            f"{folder} cannot be read, it is damaged or incomplete ({reason}). Delete that folder and prepare it again"
        ) from error
