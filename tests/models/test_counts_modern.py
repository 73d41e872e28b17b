"""Every network from GoogLeNet on has exactly the published number of parameters, statistics and MACs."""

from typing import Any

import pytest
from published_modern import MODERN, is_long
from published_torchvision import QUICK, TORCHVISION

from jaxcnn.models import MODELS, Counts, count


@pytest.mark.parametrize(
    ("name", "options", "image", "parameters", "batch_stats", "macs"),
    [pytest.param(*row, marks=[pytest.mark.slow] if is_long(*row[:3]) else []) for row in MODERN],
)
def test_counts(name: str, options: dict, image: tuple[int, ...], parameters: int, batch_stats: int, macs: int):
    assert count(MODELS[name](**options), image) == Counts(parameters, batch_stats, macs)


@pytest.mark.parametrize(
    ("name", "options", "image", "parameters", "batch_stats", "macs"),
    [pytest.param(*row, marks=[] if row[0] in QUICK else [pytest.mark.slow]) for row in TORCHVISION],
)
def test_counts_of_torchvisions_others(
    name: str, options: dict[str, Any], image: tuple[int, ...], parameters: int, batch_stats: int, macs: int
):
    assert count(MODELS[name](**options), image) == Counts(parameters, batch_stats, macs)
