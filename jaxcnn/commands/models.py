"""`python -m jaxcnn models`: the networks of the catalog, their sizes, papers and published accuracies."""

from collections.abc import Iterable
from dataclasses import dataclass

import tyro

from jaxcnn.errors import UserError, did_you_mean
from jaxcnn.models import FOR_PICTURES, MODELS
from jaxcnn.models.counts import count
from jaxcnn.models.papers import ACCURACIES, paper
from jaxcnn.models.sizes import CIFAR, PICTURE_SIZES, SIZES, Size
from jaxcnn.models.torchvision import TORCHVISION
from jaxcnn.report.columns import columns
from jaxcnn.report.table import Table

TWINS = ["torchvision", "jaxcnn", "pixels", "parameters", "MACs", "difference of logits"]
HEAD = ("name", "parameters", "MACs", "input", "CIFAR-10 %", "paper", "accuracy measured by")


@dataclass(frozen=True)
class Catalog:
    """The catalog, at 10 classes (1000 from 224 pixels on), with published accuracies on CIFAR-10.

    Networks for pictures, which come last, are counted at three channels.
    """

    filter: str = ""
    """Show only names that contain this."""
    torchvision: bool = False
    """Show torchvision's networks and ours that are the same, as a table in Markdown."""


def main(arguments: list[str]) -> int:
    """Prints the table; UserError for a filter that no name contains."""
    chosen = tyro.cli(Catalog, args=arguments, prog="python -m jaxcnn models")
    wanted, known = chosen.filter, [*TORCHVISION] if chosen.torchvision else [*MODELS, *FOR_PICTURES]
    names = [name for name in known if wanted in name]
    if not names:
        raise UserError(f"no model has {wanted!r} in its name: {did_you_mean(wanted, known)}")
    print(twins(names) if chosen.torchvision else columns(HEAD, [_row(name) for name in names]))
    return 0


def twins(names: Iterable[str]) -> str:
    """A table in Markdown of these networks of torchvision."""
    rows = []
    for name in names:
        model, apart = TORCHVISION[name]
        image, parameters, macs = SIZES[model]
        rows.append([name, model, f"{image[0]}", f"{parameters:,}", f"{macs:,}", f"{apart:.1e}" if apart else ""])
    return Table(TWINS, rows, text_columns=2).to_markdown().rstrip()


def size(name: str) -> Size:
    """Published image size, parameters and MACs; if there are none, counted at CIFAR's size."""
    if known := SIZES.get(name) or PICTURE_SIZES.get(name):
        return known
    counts = count(MODELS[name](), CIFAR)
    return Size(CIFAR, counts.parameters, counts.macs)


def _row(name: str) -> tuple[str | int, ...]:
    known, source, accuracy = size(name), paper(name), ACCURACIES.get(name)
    return (
        name,
        known.parameters,
        known.macs,
        "x".join(map(str, known.image)),
        f"{accuracy.percent:.2f}" if accuracy else "",
        str(source) if source else "this project",
        accuracy.source if accuracy else "",
    )
