"""Where data sets come from: TFDS by name, or a special source."""

from collections.abc import Callable, Sequence

from jaxcnn.data import arrays, cache, download, folder, prepared
from jaxcnn.data.dataset import Dataset, select
from jaxcnn.data.digits import digits
from jaxcnn.data.folder import Reading

# Data sets that do not come from TFDS; every other name is TFDS's.
SOURCES: dict[str, Callable[[], Dataset]] = {"digits": digits}


def load(
    name: str, *, classes: Sequence[str] = (), data_dir: str | None = None, reading: Reading | None = None
) -> Dataset:
    """Reads a data set into memory, from the cache if it was decoded before.

    `name`: a key of `SOURCES`, `folder:PATH` (pictures, a sub-folder a class), `arrays:FILE.npz`, or a TFDS
    image-classification set (`cifar10`, `svhn_cropped`, `name/config:1.2.3`).
    `classes`: keep only these label names, relabeled 0, 1, ... in the given order.
    `reading`: how the pictures of a folder become images of one size.
    `data_dir`: prepared data; by default `TFDS_DATA_DIR`, then `~/tensorflow_datasets`, as in TFDS.

    Gray images become three equal channels; sizes stay as they are. A set that TFDS only divides into train and
    validation has its validation images as `test_images`; of one that it does not divide, a fifth is chosen, the same
    on every machine.
    Raises MissingData if the set is not prepared and cannot be downloaded now; UserError for an unknown name or
    class, a data set that is not image classification, images of several sizes, damaged or unreadable files.
    """
    dataset = _read(name, data_dir, reading or Reading())
    return select(dataset, classes) if classes else dataset


def _read(name: str, data_dir: str | None, reading: Reading) -> Dataset:
    kind, colon, place = name.partition(":")
    if colon and kind == "folder":
        return folder.load(place, reading)
    if colon and kind == "arrays":
        return arrays.load(place)
    return SOURCES[name]() if name in SOURCES else _tfds(name, data_dir)


def _tfds(name: str, data_dir: str | None) -> Dataset:
    root = prepared.root(data_dir)
    found = prepared.find(name, root) or download.prepare(name, root, others=SOURCES)
    entry = cache.entry(found)
    dataset = cache.read(entry)
    if dataset is None:
        dataset = prepared.read(found)
        cache.write(entry, dataset)
    return dataset
