"""Where data sets come from: TFDS by name, or a special source."""

from collections.abc import Callable, Sequence

from jaxcnn.data import arrays, cache, download, folder, idx, prepared
from jaxcnn.data.dataset import Dataset, select
from jaxcnn.data.digits import digits
from jaxcnn.data.pictures import Reading
from jaxcnn.errors import UserError

# Data sets that do not come from TFDS; every other name is TFDS's.
SOURCES: dict[str, Callable[[], Dataset]] = {"digits": digits}
FILES: dict[str, Callable[[str], Dataset]] = {"arrays": arrays.load, "idx": idx.load}
"""KIND of `KIND:PATH` -> what reads the path; `folder:PATH` needs to know more."""
OWN = ("folder:", *(f"{kind}:" for kind in FILES))
"""How the names of the user's own files begin."""


def load(
    name: str,
    *,
    classes: Sequence[str] = (),
    data_dir: str | None = None,
    reading: Reading | None = None,
    stream: str = "never",
) -> Dataset:
    """Reads a data set into memory, from the cache if it was decoded before.

    `name`: a key of `SOURCES`, `folder:PATH` (pictures, a sub-folder a class), `arrays:FILE.npz`, `idx:FOLDER` (MNIST's
    format), or a TFDS image-classification set (`cifar10`, `svhn_cropped`, `name/config:1.2.3`).
    `classes`: keep only these label names, relabeled 0, 1, ... in the given order.
    `reading`: how pictures, of a folder or of TFDS, become images of one size.
    `stream`: whether the pictures of a folder stay in their files: `always`, `never`, or `auto`, by their size.
    `data_dir`: prepared data; by default `TFDS_DATA_DIR`, then `~/tensorflow_datasets`, as in TFDS.

    Gray images become three equal channels; sizes stay as they are. A set that TFDS only divides into train and
    validation has its validation images as `test_images`; of one that it does not divide, a fifth is chosen, the same
    on every machine.
    Raises MissingData if the set is not prepared and cannot be downloaded now; UserError for an unknown name or
    class, a data set that is not image classification, images of several sizes, damaged or unreadable files.
    """
    kind, colon, place = name.partition(":")
    if colon and kind == "folder":
        return folder.load(place, reading or Reading(), stream, classes)
    if stream == "always":
        raise UserError(f"only the pictures of a folder are streamed (--data.name folder:PATH), not {name}")
    dataset = _read(name, data_dir, reading or Reading())
    return select(dataset, classes) if classes else dataset


def _read(name: str, data_dir: str | None, reading: Reading) -> Dataset:
    kind, colon, place = name.partition(":")
    if colon and kind in FILES:
        return FILES[kind](place)
    return SOURCES[name]() if name in SOURCES else _tfds(name, data_dir, reading)


def _tfds(name: str, data_dir: str | None, reading: Reading) -> Dataset:
    root = prepared.root(data_dir)
    found = prepared.find(name, root) or download.prepare(name, root, others=SOURCES)
    entry = cache.entry(found)
    if reading.side:
        entry = entry.with_name(f"{entry.name}-{reading.side}-{reading.fit}-{reading.resize}")
    dataset = cache.read(entry)
    if dataset is None:
        dataset = prepared.read(found, reading)
        cache.write(entry, dataset)
    return dataset
