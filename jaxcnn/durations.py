"""Durations: `10epochs`, `2000steps` or, within a training, `50%`."""

import re

from jaxcnn.errors import UserError

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(epochs?|steps?|%)\s*")


def steps(duration: str, steps_per_epoch: int, total: int | None = None) -> int:
    """A duration in steps; percentages are of `total`.

    Raises: UserError if it is not of the form `10epochs`, `2000steps` or `50%`, or more than 100 %.
    """
    count, unit = _parse(duration)
    if unit == "%" and total is None:
        raise UserError(f"the length of a training cannot be {duration!r} of itself: write 10epochs or 2000steps")
    if unit == "%" and count > 100:
        raise UserError(f"{duration!r} is after the end of the training: write at most 100%")
    if unit == "%":
        return round(count / 100 * (total or 0))
    return round(count * steps_per_epoch) if unit.startswith("epoch") else round(count)


def every(duration: str, steps_per_epoch: int, total: int) -> int:
    """How many steps lie between two events, at least one; 0 if the duration is zero, which means never."""
    return 0 if is_zero(duration) else max(steps(duration, steps_per_epoch, total), 1)


def is_zero(duration: str) -> bool:
    return _parse(duration)[0] == 0


def _parse(duration: str) -> tuple[float, str]:
    match = _DURATION.fullmatch(duration)
    if not match:
        raise UserError(f"cannot read the duration {duration!r}: write it as 10epochs, 2000steps or 50%")
    return float(match[1]), match[2]
