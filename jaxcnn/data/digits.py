"""`digits`: real images that scikit-learn ships, for use without a network."""

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

from jaxcnn.data.dataset import Dataset, MissingData, joined
from jaxcnn.data.splits import balanced

SIZE = 32
TEST_IMAGES = 360


def digits() -> Dataset:
    """1,797 handwritten digits of 8x8, scaled up to 32x32x3; 360 of them, 36 a class, are the test images.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998;
    the part that scikit-learn ships (`load_digits`). Raises MissingData if scikit-learn is not installed.
    """
    table = np.loadtxt(_file(), delimiter=",", dtype=np.int32)
    gray = (table[:, :-1] * 255 / 16).round().astype(np.uint8).reshape(-1, 8, 8)
    larger = [Image.fromarray(image).resize((SIZE, SIZE), Image.Resampling.BILINEAR) for image in gray]
    images, labels = np.stack([np.asarray(image.convert("RGB")) for image in larger]), table[:, -1]
    test = balanced(labels, TEST_IMAGES, seed=0)
    train = np.setdiff1d(np.arange(len(labels)), test)
    parts = ((images[indices], labels[indices]) for indices in (train, test))
    return joined("digits", "1.0.0", *parts, label_names=tuple("0123456789"))


def _file() -> Path:
    # Found without importing scikit-learn, which takes a second.
    spec = importlib.util.find_spec("sklearn")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder, "datasets", "data", "digits.csv.gz")
        if path.is_file():
            return path
    raise MissingData("digits comes with scikit-learn, which is not installed: pip install scikit-learn")
