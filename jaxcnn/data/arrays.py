"""`arrays:FILE.npz`: images and labels from one's own program."""

import zipfile
from collections.abc import Mapping

import numpy as np

from jaxcnn.data.dataset import Dataset, Part, joined
from jaxcnn.data.splits import balanced
from jaxcnn.errors import UserError
from jaxcnn.paths import user_path

WANTED = "images [N, height, width, 1 or 3] uint8 and labels [N] integers or [N, classes] zeros and ones"


def load(text: str) -> Dataset:
    """The file's `images` and `labels`; `test_images` and `test_labels`, or else a fifth of each class; `label_names`.

    Raises: UserError for a file that cannot be read, or holds something else.
    """
    path = user_path(text)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} cannot be read as an .npz file: {error}") from None
    if "images" not in arrays or "labels" not in arrays:
        raise UserError(f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}; expected {WANTED}")
    train = _part(arrays, "", path.name)
    if "test_images" in arrays:
        test = _part(arrays, "test_", path.name)
    else:
        one_each = train[1] if train[1].ndim == 1 else np.zeros(len(train[1]), np.int32)
        chosen = balanced(one_each, len(one_each) // 5, seed=0)
        rest = np.setdiff1d(np.arange(len(train[1])), chosen)
        train, test = ((train[0][each], train[1][each]) for each in (rest, chosen))
    if not len(train[1]) or not len(test[1]):
        raise UserError(
            f"{path.name} has {len(train[1])} training and {len(test[1])} test images: some of each are needed"
        )
    if train[1].ndim != test[1].ndim or train[1].shape[1:] != test[1].shape[1:]:
        raise UserError(
            f"{path.name}: labels {list(train[1].shape)} and test_labels {list(test[1].shape)} differ in kind"
        )
    several = train[1].ndim == 2
    classes = train[1].shape[1] if several else int(max(train[1].max(), test[1].max())) + 1
    names = [str(name) for name in arrays.get("label_names", range(classes))]
    if len(names) < classes or (several and len(names) > classes):
        raise UserError(f"{path.name}: label_names has {len(names)} names for {classes} classes")
    return joined(f"arrays:{path.stem}", "1.0.0", train, test, tuple(names))


def _part(arrays: Mapping[str, np.ndarray], prefix: str, name: str) -> Part:
    images, labels = arrays[f"{prefix}images"], arrays.get(f"{prefix}labels", np.zeros(0, np.int32))
    right = images.ndim == 4 and images.dtype == np.uint8 and images.shape[-1] in (1, 3)
    if labels.dtype == bool:
        labels = labels.astype(np.int32)
    one_row = labels.ndim in (1, 2) and len(labels) == len(images) and labels.dtype.kind in "iu"
    if not right or not one_row or labels.min(initial=0) < 0 or (labels.ndim == 2 and labels.max(initial=0) > 1):
        raise UserError(
            f"{name}: {prefix}images {images.dtype} {list(images.shape)} and {prefix}labels {labels.dtype} "
            f"{list(labels.shape)}; expected {WANTED}"
        )
    return np.broadcast_to(images, (*images.shape[:3], 3)), labels.astype(np.int32)
