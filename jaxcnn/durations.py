"""Durations: `10epochs`, `2000steps` or, within a training, `50%`."""

import re

from jaxcnn.errors import UserError

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(epochs?|steps?|%)\s*")


def steps(duration: str, steps_per_epoch: int, total: int | None = None) -> int:
    """A duration in steps; percentages are of `total`.

    Raises: UserError if it is not of the form `10epochs`, `2000steps` or `50%`.
    """
    match = _DURATION.fullmatch(duration)
    if not match:
        raise UserError(f"cannot read the duration {duration!r}: write it as 10epochs, 2000steps or 50%")
    count, unit = float(match[1]), match[2]
    if unit == "%" and total is None:
        raise UserError(f"the length of a training cannot be {duration!r} of itself: write 10epochs or 2000steps")
    if unit == "%":
        return round(count / 100 * (total or 0))
    return round(count * steps_per_epoch) if unit.startswith("epoch") else round(count)
