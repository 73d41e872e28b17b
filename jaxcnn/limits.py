"""The numbers that a setting may have; what is outside cannot be meant."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from jaxcnn.errors import UserError


class Limit(NamedTuple):
    """The numbers from `low` to `high`."""

    low: float
    high: float = math.inf
    words: str = ""
    """The range in words, if "at least `low`" is not all."""
    low_too: bool = True
    high_too: bool = True

    def holds(self, value: float) -> bool:
        return (self.low < value or (self.low_too and value == self.low)) and (
            value < self.high or (self.high_too and value == self.high)
        )


POSITIVE = Limit(0, words="greater than 0", low_too=False)
AT_LEAST_0, AT_LEAST_1 = Limit(0), Limit(1)
FRACTION = Limit(0, 1, "a fraction from 0 to 1")
DECAY = Limit(0, 1, "at least 0 and below 1", high_too=False)
# JAX makes its random keys of 32 bits and would cut off the rest: two seeds would be one.
SEED = Limit(0, 2**32 - 1, "from 0 to 4294967295 (32 bits)")

LIMITS = {
    "data.validation": AT_LEAST_0,
    "data.train": AT_LEAST_0,
    "data.imbalance": AT_LEAST_1,
    "data.label_noise": FRACTION,
    "data.upscale": AT_LEAST_0,
    "data.image_size": AT_LEAST_0,
    "data.resize": AT_LEAST_0,
    "data.workers": AT_LEAST_0,
    "loss.smoothing": DECAY,
    "loss.temperature": POSITIVE,
    "loss.teacher_weight": FRACTION,
    "loss.l1": AT_LEAST_0,
    "loss.l2": AT_LEAST_0,
    "optimizer.learning_rate": AT_LEAST_0,
    "optimizer.weight_decay": AT_LEAST_0,
    "optimizer.momentum": DECAY,
    "optimizer.b1": DECAY,
    "optimizer.b2": DECAY,
    "optimizer.decay": DECAY,
    "optimizer.eps": AT_LEAST_0,
    "optimizer.clip_norm": POSITIVE,
    "schedule.factor": AT_LEAST_0,
    "schedule.final": AT_LEAST_0,
    "batch_size": AT_LEAST_1,
    "adversarial": AT_LEAST_0,
    "grad_accum_steps": AT_LEAST_1,
    "keep": AT_LEAST_1,
    "devices": AT_LEAST_0,
    "ema": DECAY,
    "seed": SEED,
}
"""Dotted setting -> its limit. None, the default of some, is always allowed."""


def check(config: Any) -> None:
    """Raises: UserError for a number of the dataclass `config` that is not finite, or beyond its limit."""
    for name, value in _numbers(config):
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"{name} must be a finite number, not {value}")
        limit = LIMITS.get(name)
        if limit and not limit.holds(value):
            raise UserError(f"{name} must be {limit.words or f'at least {limit.low}'}, not {value}")


def _numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """(dotted setting, number) of all numbers in a dataclass, those in tuples included."""
    if isinstance(value, int | float):
        yield name, value
    elif isinstance(value, tuple):
        for item in value:
            yield from _numbers(item, name)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _numbers(getattr(value, field.name), f"{name}.{field.name}" if name else field.name)
