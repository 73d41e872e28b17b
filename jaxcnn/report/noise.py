"""Is a difference larger than noise? The same seeds in both, so that what a seed does to both cancels."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass

LEVEL = 0.95


@dataclass(frozen=True)
class Difference:
    """A mean difference over `n` pairs and its 95 % interval, which is NaN for a single pair."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def paired(values: Mapping[int, float], reference: Mapping[int, float]) -> Difference | None:
    """`values` minus `reference`, seed by seed, with Student's interval; None without a common seed.

    The same number in every pair has an interval of no width.
    """
    seeds = sorted(values.keys() & reference.keys())
    if not seeds:
        return None
    differences = [values[seed] - reference[seed] for seed in seeds]
    mean, n = statistics.fmean(differences), len(seeds)
    if n == 1:
        return Difference(mean, math.nan, math.nan, n)
    half = _quantile(n - 1) * statistics.stdev(differences) / math.sqrt(n)
    return Difference(mean, mean - half, mean + half, n)


def interval(values: Mapping[int, float]) -> Difference | None:
    """The mean of `values` with its interval."""
    return paired(values, dict.fromkeys(values, 0.0))


def _quantile(freedom: int) -> float:
    """Student's t that is exceeded on either side with a probability of 5 % in all."""
    from scipy.stats import t

    return float(t.ppf((1 + LEVEL) / 2, freedom))
