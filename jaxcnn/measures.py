"""How a metric is written for people: its unit, and how many digits mean something.

This file imports no JAX, so that a command line and reports can use it. A metric that is not listed is written as a
plain number.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measure:
    """`factor` times the number, with `digits` after the point, and its unit."""

    unit: str = ""
    digits: int = 4
    factor: float = 1.0

    def number(self, value: float) -> str:
        return f"{self.factor * value:.{self.digits}f}"

    def __call__(self, value: float, deviation: float = math.nan) -> str:
        spread = "" if math.isnan(deviation) else f" ± {self.number(deviation)}"
        return f"{self.number(value)}{spread}{self.unit}"


PERCENT = Measure(" %", 2, 100)
DEGREES = Measure("°", 1)
MEASURES: dict[str, Measure] = {
    "accuracy": PERCENT,
    "balanced_accuracy": PERCENT,
    "top_5_accuracy": PERCENT,
    "mean_average_precision": PERCENT,
    "label_accuracy": PERCENT,
    "exact_match": PERCENT,
    "loss": Measure("", 3),
    "angular_error": DEGREES,
    "median_angular_error": DEGREES,
    "within_15_degrees": PERCENT,
    "interval_50": PERCENT,
    "interval_90": PERCENT,
    "pairwise_accuracy": PERCENT,
    "exact": PERCENT,
    "psnr": Measure(" dB", 2),
    "recall_at_1": PERCENT,
    "recall_at_5": PERCENT,
    "recall_at_10": PERCENT,
    "map_at_r": PERCENT,
}


def measure_of(name: str) -> Measure:
    """That of a metric, or of a field of a summary: `test_psnr` is that of `psnr`; a `share_...` is a percentage."""
    return PERCENT if name.startswith("share_") else MEASURES.get(metric_of(name), Measure())


def metric_of(field: str) -> str:
    """`psnr` of `test_psnr`, `validation_psnr` or `train_psnr`."""
    return field.removeprefix("test_").removeprefix("validation_").removeprefix("train_")


def headline(row: Mapping[str, Any]) -> str:
    """The metric of a row of metrics.jsonl that people look at: the first that is listed, but for the loss."""
    return next((name for name in row if name in MEASURES and name != "loss"), "loss")


ACRONYMS = {"psnr", "ssim", "auc", "ndcg", "nll"}


def words(name: str) -> str:
    """`test PSNR` of `test_psnr`."""
    return " ".join(word.upper() if word in ACRONYMS else word for word in name.split("_"))
