"""What an experiment expects, said as differences, and the verdict that its table gives."""

import math
from dataclasses import dataclass
from typing import Literal

from jaxcnn.report.noise import Difference, paired
from jaxcnn.report.scores import Scores

Verdict = Literal["confirmed", "not confirmed", "undecided at this scale"]
CONFIRMED: Verdict = "confirmed"
NOT_CONFIRMED: Verdict = "not confirmed"
UNDECIDED: Verdict = "undecided at this scale"


@dataclass(frozen=True)
class Claim:
    """An expectation: `metric` of `label` is higher than that of `reference`.

    It is confirmed where the whole 95 % interval of the paired difference is above `beyond`, not confirmed where all of
    it is below, and undecided otherwise. With `within` the two should be alike: the whole interval is within that.
    """

    text: str
    """The expectation in words."""
    label: str
    """A variation, or a group of which the best one stands for all."""
    reference: str
    """Another one; empty: zero."""
    metric: str = ""
    """Empty: that of the sweep."""
    beyond: float = 0.0
    within: float | None = None

    def difference(self, scores: Scores, metric: str) -> Difference | None:
        """`label` minus `reference`, seed by seed; None if runs of either are missing."""
        name = self.metric or metric
        values = scores.values(self.label, name)
        return paired(values, scores.values(self.reference, name) if self.reference else dict.fromkeys(values, 0.0))

    def verdict(self, difference: Difference | None) -> Verdict:
        if difference is None or math.isnan(difference.low):
            return UNDECIDED
        if self.within is not None:
            return _alike(difference, self.within)
        if difference.low > self.beyond:
            return CONFIRMED
        return NOT_CONFIRMED if difference.high < self.beyond else UNDECIDED


def _alike(difference: Difference, limit: float) -> Verdict:
    if -limit < difference.low and difference.high < limit:
        return CONFIRMED
    return NOT_CONFIRMED if difference.low > limit or difference.high < -limit else UNDECIDED
