"""Every model has exactly the published number of parameters, statistics and MACs."""

import pytest
from published_classics import CLASSICS
from published_modern import MODERN
from published_torchvision import TORCHVISION

from jaxcnn.models import MODELS, Counts, count

# name, options, parameters, batch statistics, MACs, at 32x32x3 and 10 classes.
PUBLISHED = [
    ("neuron", {"num_classes": 2}, 3_073, 0, 3_072),
    ("softmax", {}, 30_730, 0, 30_720),
    ("mlp", {}, 1_707_274, 0, 1_706_496),
    ("mlp", {"hidden": (128,)}, 394_634, 0, 394_496),
    ("mlp", {"hidden": (2048, 2048)}, 10_510_346, 0, 10_506_240),
    ("mlp", {"hidden": (512, 512), "batch_norm": True}, 1_843_210, 2_048, 1_840_128),
]

# Ours, with no published twin: a change of these is a change of the model.
OWN = [
    ("convnet", {}, 545_098, 0, 6_128_896),
    ("quicknet", {}, 280_128, 832, 14_550_272),
]


@pytest.mark.parametrize(("name", "options", "parameters", "batch_stats", "macs"), PUBLISHED + OWN)
def test_counts(name: str, options: dict, parameters: int, batch_stats: int, macs: int):
    assert count(MODELS[name](**options)) == Counts(parameters, batch_stats, macs)


# Those that take a second or more to trace, and whose shorter siblings are of the same code.
LONG = {
    *("resnet44", "resnet56", "plain44", "plain56", "se_resnet50", "resnext50_32x4d", "densenet_bc_40_48"),
    *(
        "wrn_28_12",
        "wrn_40_2",
        "wrn_40_4",
        "wrn_40_10",
        "resnet110",
        "resnet1202",
        "resnet101",
        "resnet152",
        "resnet101_224",
        "resnet152_224",
    ),
    *("preact_resnet110", "preact_resnet164", "preact_resnet1001"),
    *("se_resnet56", "se_resnet110", "se_preact_resnet110", "se_preact_resnet164"),
    *("densenet_100_12", "densenet_100_24", "densenet_bc_100_12", "densenet_bc_190_40", "densenet_bc_250_24"),
    *("densenet121", "densenet161", "densenet169", "densenet201"),
    *("densenet161_224", "densenet169_224", "densenet201_224"),
}


@pytest.mark.parametrize(
    ("name", "options", "image", "parameters", "batch_stats", "macs"),
    [pytest.param(*row, marks=[pytest.mark.slow] if row[0] in LONG else []) for row in CLASSICS],
)
def test_counts_of_the_classics(
    name: str, options: dict, image: tuple[int, ...], parameters: int, batch_stats: int, macs: int
):
    assert count(MODELS[name](**options), image) == Counts(parameters, batch_stats, macs)


def test_every_model_is_in_the_table():
    assert {name for name, *_ in PUBLISHED + OWN + CLASSICS + MODERN + TORCHVISION} == set(MODELS)


def test_counts_follow_the_image():
    """At twice the side a network without dense pixels has the same parameters and four times the convolution."""
    small, large = (count(MODELS["resnet20"](), (side, side, 3)) for side in (32, 64))
    head = 64 * 10
    assert large.parameters == small.parameters
    assert large.macs - head == 4 * (small.macs - head)
