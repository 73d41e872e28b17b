"""`python -m jaxcnn evaluate RUN`: a trained network on test, validation or training images, class by class."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import tyro

from jaxcnn.assemble import Training, assemble
from jaxcnn.data.for_run import Images, load_images
from jaxcnn.data.others import others
from jaxcnn.data.sources import OWN
from jaxcnn.errors import UserError
from jaxcnn.evaluate import evaluate, numbers
from jaxcnn.json_files import write_json
from jaxcnn.measures import PERCENT, measure_of, words
from jaxcnn.paths import user_path
from jaxcnn.report.columns import columns
from jaxcnn.runs.load import Run, load


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a trained network on images of its own data set, with the accuracy of each class."""

    run: tyro.conf.Positional[str]
    """Folder of a run."""
    data: str = ""
    """Other pictures: `folder:PATH`, with sub-folders that are called as the run's classes. Default: the run's own."""
    split: Literal["test", "validation", "train"] = "test"
    """Which images. Training images are seen as in evaluation, without augmentation."""
    step: int | None = None
    """Which checkpoint. Default: the one that was tested, else the latest."""
    json: str = ""
    """Also write everything to this file."""


def main(arguments: list[str]) -> int:
    """Prints the metrics, a table of classes and the most frequent mistakes.

    Raises: UserError for a run or data that cannot be read, or data that are not the run's.
    """
    chosen = tyro.cli(Evaluation, args=arguments, prog="python -m jaxcnn evaluate")
    run = load(chosen.run, step=chosen.step)
    if chosen.data and chosen.split != "test":
        raise UserError("--split is of the run's own data: leave it out, or leave out --data")
    images, found = evaluated(run, chosen.split, chosen.data)
    count = len(indices_of(images, chosen.split))
    print(f"{run.config.name} at step {run.step:,}: {count:,} {chosen.split} images of {images.info.name}")
    metrics = numbers(found)
    print(columns(("metric", "value"), [(words(name), measure_of(name)(value)) for name, value in metrics.items()]))
    if "confusion" in found:
        print(f"\n{by_class(run.task.class_names, found['confusion'])}")
    if "class_average_precision" in found:
        precisions = zip(run.task.class_names, found["class_average_precision"], strict=True)
        rows = [(name, "" if value is None else PERCENT(value)) for name, value in precisions]
        print(f"\n{columns(('class', 'average precision'), rows)}")
    if chosen.json:
        write_json(user_path(chosen.json), {"run": str(run.path), "step": run.step, "split": chosen.split, **found})
    return 0


def data_of(run: Run) -> Images:
    """The data that a run was trained on.

    Raises: UserError if they are other data now.
    """
    images = load_images(run.config)
    if images.info.digest != run.data.digest:
        raise UserError(
            f"{run.path} was trained on {run.data.name} ({run.data.digest}), and {images.info.name} here is "
            f"{images.info.digest}: {_advice(images.info.name)}"
        )
    return images


def evaluated(run: Run, split: str, other: str = "") -> tuple[Images, dict[str, Any]]:
    """The run's data, or the `other` ones, and what `evaluate` finds of one split of them.

    Raises: UserError if the data are not those that the run was trained on, or the split is empty.
    """
    group = run.task.group
    size = max(min(run.config.batch_size, 1000) // group, 1) * group
    loss = replace(run.config.loss, teacher="", temperature=None, teacher_weight=None)  # nothing is learned here
    config = replace(run.config, devices=1, grad_accum_steps=1, batch_size=size, loss=loss)
    images = others(other, run.data, run.config.data, run.task.class_names) if other else data_of(run)
    indices = indices_of(images, split)
    if not len(indices):
        raise UserError(f"{run.path} has no {split} images: choose another --split")
    training: Training = assemble(config, images)
    return images, evaluate(training, run.variables, training.device_data(), indices)


def _advice(name: str) -> str:
    if name.startswith(OWN):
        return "its files have changed since; put back those it was trained on, or train again"
    return "set TFDS_DATA_DIR to the data of the run"


def indices_of(images: Images, split: str) -> np.ndarray:
    """Indices of the images of a split in the data set."""
    return {"test": images.test, "validation": images.split.validation, "train": images.split.train}[split]


def by_class(names: tuple[str, ...], confusion: list[list[int]]) -> str:
    """A table of classes: images, accuracy, what it is most often taken for."""
    matrix = np.asarray(confusion)
    rows = []
    for label, line in enumerate(matrix):
        wrong = np.where(np.arange(len(line)) == label, 0, line)
        most = f"{names[wrong.argmax()]} ({wrong.max()})" if wrong.any() else ""
        accuracy = PERCENT(line[label] / line.sum()) if line.sum() else ""
        rows.append((names[label], int(line.sum()), accuracy, most))
    return columns(("class", "images", "accuracy", "most often taken for"), rows)
