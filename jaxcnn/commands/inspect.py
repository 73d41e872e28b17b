"""`python -m jaxcnn inspect RUN`: one page that opens a trained network."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from jaxcnn.commands.evaluate import data_of
from jaxcnn.errors import UserError
from jaxcnn.inspect import viewer
from jaxcnn.inspect.explanation import explain
from jaxcnn.inspect.features import maps as feature_maps
from jaxcnn.inspect.network import network_of, normalized
from jaxcnn.measures import PERCENT
from jaxcnn.paths import atomic_write, user_path
from jaxcnn.report import watched
from jaxcnn.report.page import data_uri
from jaxcnn.runs.load import Run, load
from jaxcnn.runs.pretrained import PREFIX
from jaxcnn.tasks.classification import MOST_CLASSES, confusion_details

EXCITING_IMAGES = 2000
"""Test images among which those that excite a channel most are looked for."""


@dataclass(frozen=True)
class Inspection:
    """One page: errors, confusion, reasons, feature maps, kernels, fields. It opens in a browser, without a network."""

    run: tyro.conf.Positional[str]
    """Folder of a run."""
    files: tyro.conf.Positional[tuple[str, ...]] = ()
    """Pictures to explain. Default: test images."""
    images: int = 12
    """How many test images to explain, the same number of each class."""
    worst: int = 0
    """Explain this many of the worst errors instead: the surest of what is wrong."""
    step: int | None = None
    """Which checkpoint. Default: the one that was tested, else the latest."""
    out: str = ""
    """Where the page goes. Default: inspect.html in the run's folder."""


def main(arguments: list[str]) -> int:
    """Writes the page and says where it is.

    Raises: UserError for a run, data or a picture that cannot be read, and for a network whose answers are not classes.
    """
    chosen = tyro.cli(Inspection, args=arguments, prog="python -m jaxcnn inspect")
    if chosen.images < 1 or chosen.worst < 0:
        raise UserError("--images must be at least 1, and --worst at least 0")
    run = load(chosen.run, step=chosen.step)
    home = Path() if chosen.run.startswith(PREFIX) else run.path
    path = user_path(chosen.out) if chosen.out else home / "inspect.html"
    document = inspected(run, chosen)
    with atomic_write(path) as file:
        file.write_text(document, encoding="utf-8")
    print(f"{path}  ({len(document) / 1e6:.1f} MB; open it in a browser)")
    return 0


def inspected(run: Run, chosen: Inspection) -> str:
    """The page of a run."""
    network = network_of(run)
    data = data_of(run)
    tests, labels = data.dataset.test_images, data.dataset.test_labels
    probabilities = run.predict(tests)
    found = scored(probabilities, labels)
    if chosen.files:
        pictures, true, names = np.stack([run.read(file) for file in chosen.files]), None, list(chosen.files)
    else:
        places = worst(probabilities, labels, chosen.worst) if chosen.worst else evenly(labels, chosen.images)
        pictures, true = tests[places], labels[places]
        names = [f"test image {place}" for place in places]
    many = np.asarray(tests[:EXCITING_IMAGES])
    layers = list(network.stages().values()) if network.places() else []
    seen = normalized(run, pictures)
    parts = {
        "labels": run.data.label_names,
        "images": viewer.image_parts(
            explain(run, pictures),
            explain(run, pictures, true) if true is not None else None,
            names,
            {layer: feature_maps(network, seen, layer) for layer in layers},
        ),
        "layers": layers,
        "confusion": found["confusion"] if len(run.data.label_names) <= MOST_CLASSES else None,
        "class_accuracy": found["class_accuracy"],
        "counted": f"{len(labels):,} test images; rows are the true classes, columns what the network says.",
        "calibration": viewer.calibration_part(probabilities, labels),
        "kernels": viewer.kernels_part(network),
        "exciting": viewer.exciting_part(network, many, partial(normalized, run), layers),
        **_watched(run),
        "fields": viewer.fields_part(network, normalized(run, tests[:64]), layers),
    }
    accuracy = PERCENT(found["accuracy"])
    about = f"{run.config.model} on {run.data.name} ({run.data.digest}), step {run.step:,}: test accuracy {accuracy}."
    return viewer.page(f"Inside {run.config.name}", about, parts)


def _watched(run: Run) -> dict[str, str]:
    """The pictures of what `--watch` recorded, if it did."""
    found = watched.read(run.path)
    pictures = {"watched": watched.figure(found.numbers)} if found.numbers else {}
    if found.class_maps:
        pictures["class_maps"] = watched.mapped(found.class_maps)
    return {name: data_uri(picture) for name, picture in pictures.items()}


def scored(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Accuracy, confusion matrix and accuracy of each class."""
    classes = probabilities.shape[1]
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (labels, probabilities.argmax(1)), 1)
    return {"accuracy": float(matrix.trace() / matrix.sum()), **confusion_details(matrix)}


def evenly(labels: np.ndarray, count: int) -> np.ndarray:
    """Indices of `count` images, class after class in turn, in the order of the data."""
    turns = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    ordered = [turn[place] for place in range(max(map(len, turns))) for turn in turns if place < len(turn)]
    return np.asarray(ordered[:count])


def worst(probabilities: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Indices of what is wrong, the surest first.

    Raises: UserError if nothing is.
    """
    wrong = np.flatnonzero(probabilities.argmax(1) != labels)
    if not len(wrong):
        raise UserError("no test image is classified wrongly: use --images")
    return wrong[np.argsort(-probabilities[wrong].max(1), kind="stable")][:count]
