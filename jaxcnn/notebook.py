"""The first line of a notebook: `from jaxcnn import notebook; notebook.setup()`; and what the course's notebooks share.

Importing this file imports no JAX: `setup` sets flags that JAX reads when it starts. With JAXCNN_TINY=1 the course runs
on scikit-learn's digits and trains for moments, which is how the tests run it.
"""

import os
import sys
import tempfile
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jaxcnn import runtime

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jaxcnn.config import Config
    from jaxcnn.data import Dataset
    from jaxcnn.runs.load import Run

T = TypeVar("T")

DPI = 72
"""Of figures: a notebook with a dozen of them stays far below a megabyte."""


def setup(dtype: str = "float32") -> None:
    """Prepares the process for computations in `dtype` and matplotlib for small figures; call it before JAX starts."""
    if "jax" in sys.modules:
        print("WARNING: JAX is already imported, without the flags that make it fast: restart the kernel.")
    runtime.prepare(dtype=dtype)
    import matplotlib as mpl

    warnings.filterwarnings("ignore", message=".*is non-interactive, and thus cannot be shown")
    mpl.rcParams.update({"figure.dpi": DPI, "savefig.dpi": DPI, "figure.max_open_warning": 0, "font.size": 10})
    mpl.rcParams.update({"axes.spines.top": False, "axes.spines.right": False, "image.cmap": "gray"})


def is_tiny() -> bool:
    return os.environ.get("JAXCNN_TINY") == "1"


def pick(full: T, tiny: T) -> T:
    """`tiny` if JAXCNN_TINY=1, else `full`."""
    return tiny if is_tiny() else full


def data_name() -> str:
    """The data set of the course: CIFAR-10, or digits in the tiny setting."""
    return pick("cifar10", "digits")


def dataset(classes: Sequence[int] = ()) -> "Dataset":
    """The data of the course, or only the classes of these numbers, relabeled 0, 1, ..."""
    from jaxcnn import data

    everything = data.load(data_name())
    return data.load(data_name(), classes=[everything.label_names[c] for c in classes]) if classes else everything


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="jaxcnn-notebook-")


def folder(name: str = "") -> Path:
    """A folder that lasts as long as the notebook's process."""
    return Path(_scratch().name, name)


def train(config: "Config", **changes: Any) -> "Run":
    """Trains `config` without a word, in a folder of this process, and returns the run; changes are its settings.

    A dot in a setting is written as two underscores: `optimizer__learning_rate=0.1`.
    """
    from dataclasses import replace

    from jaxcnn.config_json import changed
    from jaxcnn.console.terminal import console
    from jaxcnn.fit import fit
    from jaxcnn.runs.load import load

    config = changed(config, {name.replace("__", "."): value for name, value in changes.items()})
    place = folder(f"{len(list(folder().iterdir())):03d}-{config.name}")
    before, console.quiet = console.quiet, True
    try:
        fit(replace(config, folder=str(place), tensorboard=False))
    finally:
        console.quiet = before
    return load(place)


def gallery(pictures: Any, titles: Sequence[str] = (), columns: int = 8, side: float = 1.1, **options: Any) -> "Figure":
    """A figure of pictures [N, H, W] or [N, H, W, 3], `side` inches each; options are those of imshow."""
    from matplotlib import pyplot as plt

    rows = -(-len(pictures) // columns)
    tall = side + (0.25 if len(titles) else 0)
    figure, axes = plt.subplots(rows, columns, figsize=(columns * side, rows * tall), squeeze=False, layout="tight")
    for place, axis in enumerate(axes.flat):
        axis.axis("off")
        if place < len(pictures):
            axis.imshow(pictures[place], **options)
            axis.set_title(titles[place] if place < len(titles) else "", fontsize=9)
    return figure
