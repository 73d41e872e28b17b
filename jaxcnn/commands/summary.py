"""`python -m jaxcnn summary MODEL`: a network layer by layer."""

import argparse

import jax.numpy as jnp

from jaxcnn import specs
from jaxcnn.models import construct
from jaxcnn.models.counts import Counts, count, count_layers
from jaxcnn.models.sizes import CIFAR, SIZES
from jaxcnn.report.columns import columns

HEAD = ("layer", "kind", "output", "parameters", "batch statistics", "multiply-adds")
THOUSAND = 224
"""Side from which on a network is meant for ImageNet's thousand classes."""


def main(arguments: list[str]) -> int:
    """Prints the layers and their totals; UserError for an unknown model, option or image."""
    parser = argparse.ArgumentParser(
        prog="python -m jaxcnn summary", description="Output shape, parameters and multiply-adds of every layer."
    )
    parser.add_argument("model", help="a name of the catalogue, with options: vgg16_bn:dropout=0.5")
    parser.add_argument("--classes", type=_positive, metavar="N", help="default: 10, or 1000 from 224 pixels on")
    parser.add_argument(
        "--image", type=_positive, nargs=3, metavar=("HEIGHT", "WIDTH", "CHANNELS"), help="default: its own"
    )
    options = parser.parse_args(arguments)
    name, _ = specs.parse(options.model)
    image = tuple(options.image) if options.image else SIZES[name].image if name in SIZES else CIFAR
    classes = options.classes or (1000 if image and image[0] >= THOUSAND else 10)
    model = construct.build(options.model, classes, jnp.float32)
    layers, total = count_layers(model, image), count(model, image)
    rows = [
        (layer.path or type(model).__name__, layer.kind, "x".join(map(str, layer.output)), *_numbers(layer.counts))
        for layer in layers
    ]
    shape = "x".join(map(str, image))
    print(columns(HEAD, [*rows, ("total", f"{len(rows)} layers", f"{classes} classes", *_numbers(total))]))
    print(f"\n{options.model}: {type(model).__name__} on images of {shape}")
    return 0


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _numbers(counts: Counts) -> tuple[int, int, int]:
    return counts.parameters, counts.batch_stats, counts.macs
