"""`python -m jaxcnn summary MODEL`: a network layer by layer."""

from dataclasses import dataclass
from typing import Annotated

import jax.numpy as jnp
import tyro

from jaxcnn import specs
from jaxcnn.errors import UserError
from jaxcnn.models import construct
from jaxcnn.models.counts import Counts, count, count_layers
from jaxcnn.models.sizes import CIFAR, PICTURE_SIZES, SIZES
from jaxcnn.report.columns import columns

HEAD = ("layer", "kind", "output", "parameters", "batch statistics", "MACs")
IMAGENET_SIZE = 224
"""Image size from which on a network is meant for ImageNet's 1000 classes."""


@dataclass(frozen=True)
class Summary:
    """Output shape, parameters and MACs of every layer."""

    model: tyro.conf.Positional[str]
    """A name from the catalog, with options: vgg16_bn:dropout=0.5"""
    classes: int | None = None
    """Number of classes, or of channels of a picture. Default: 10, or 1000 from 224 pixels on; those of the image."""
    image: Annotated[tuple[int, int, int] | None, tyro.conf.arg(metavar="HEIGHT WIDTH CHANNELS")] = None
    """Size of an image. Default: the model's own."""


def main(arguments: list[str]) -> int:
    """Prints the layers and their totals; UserError for an unknown model, option or image."""
    options = tyro.cli(Summary, args=arguments, prog="python -m jaxcnn summary")
    image, classes = _image(options), _classes(options)
    model = construct.build(options.model, classes, jnp.float32)
    layers, total = count_layers(model, image), count(model, image)
    rows = [
        (layer.path or type(model).__name__, layer.kind, "x".join(map(str, layer.output)), *_numbers(layer.counts))
        for layer in layers
    ]
    shape = "x".join(map(str, image))
    print(columns(HEAD, [*rows, ("total", f"{len(rows)} layers", f"{classes} outputs", *_numbers(total))]))
    print(f"\n{options.model}: {type(model).__name__} on images of {shape}")
    return 0


def _image(options: Summary) -> tuple[int, ...]:
    if options.image is None:
        name, _ = specs.parse(options.model)
        known = SIZES.get(name) or PICTURE_SIZES.get(name)
        return known.image if known else CIFAR
    for number in options.image:
        _require_positive("image", number)
    return options.image


def _classes(options: Summary) -> int:
    if options.classes is None:
        image = _image(options)
        if specs.parse(options.model)[0] in PICTURE_SIZES:
            return image[-1]
        return 1000 if image[0] >= IMAGENET_SIZE else 10
    _require_positive("classes", options.classes)
    return options.classes


def _require_positive(option: str, number: int) -> None:
    if number < 1:
        raise UserError(f"--{option} must be positive, not {number}")


def _numbers(counts: Counts) -> tuple[int, int, int]:
    return counts.parameters, counts.batch_stats, counts.macs
