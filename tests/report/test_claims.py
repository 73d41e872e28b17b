"""Differences against closed forms and another library, verdicts at their borders, tables there and back."""

import math

import numpy as np
import pytest
from scipy import stats

from jaxcnn.errors import UserError
from jaxcnn.report.claims import Claim
from jaxcnn.report.noise import Difference, interval, paired
from jaxcnn.report.scores import Score, Scores, from_csv


def test_a_paired_difference_is_scipy_s():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 5))
    ours = paired(dict(enumerate(first)), dict(enumerate(second)))
    theirs = stats.ttest_rel(first, second)
    assert ours is not None
    assert (ours.mean, ours.n) == (pytest.approx((first - second).mean()), 5)
    bounds = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == pytest.approx((bounds.low, bounds.high))
    assert ours.beyond_noise == (theirs.pvalue < 0.05)


def test_what_a_seed_does_to_both_cancels():
    """Seeds differ by tens of points, the pairs by one, always: the interval has no width."""
    base = {0: 0.1, 1: 0.5, 2: 0.9}
    seen = paired({seed: value + 0.01 for seed, value in base.items()}, base)
    assert seen is not None
    assert (seen.low, seen.high) == pytest.approx((0.01, 0.01))
    assert seen.beyond_noise


def test_only_common_seeds_are_compared():
    seen = paired({0: 1.0, 7: 3.0, 8: 9.0}, {7: 1.0, 3: 5.0})
    assert seen is not None
    assert (seen.mean, seen.n, math.isnan(seen.low), seen.beyond_noise) == (2.0, 1, True, False)
    assert paired({0: 1.0}, {1: 1.0}) is None


def test_an_interval_of_values_is_that_of_their_mean():
    values = [1.0, 2.0, 4.0]
    seen = interval(dict(enumerate(values)))
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert seen is not None
    assert (seen.low, seen.high) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("low", "high", "options", "verdict"),
    [
        (0.01, 0.03, {}, "confirmed"),
        (-0.01, 0.03, {}, "undecided at this scale"),
        (-0.03, -0.01, {}, "not confirmed"),
        (0.01, 0.03, {"beyond": 0.02}, "undecided at this scale"),
        (-0.01, 0.03, {"beyond": -0.02}, "confirmed"),
        (-0.01, 0.009, {"within": 0.02}, "confirmed"),
        (-0.01, 0.03, {"within": 0.02}, "undecided at this scale"),
        (0.021, 0.03, {"within": 0.02}, "not confirmed"),
        (-0.03, -0.021, {"within": 0.02}, "not confirmed"),
        (math.nan, math.nan, {}, "undecided at this scale"),
    ],
)
def test_a_verdict_needs_the_whole_interval(low, high, options, verdict):
    assert Claim("so", "a", "b", **options).verdict(Difference((low + high) / 2, low, high, 3)) == verdict


def seen(label: str, values: list[float | None], validation: float = 0.5) -> list[Score]:
    return [
        Score(label, seed, 7, {})
        if value is None
        else Score(label, seed, None, {"test_accuracy": value, "validation_accuracy": validation})
        for seed, value in enumerate(values)
    ]


ROWS = (
    *seen("sgd 0.1", [0.5, 0.6], 0.55),
    *seen("sgd 1", [0.9, None], 0.9),
    *seen("adam, 0.1", [0.7, 0.7], 0.71),
    *seen("adam 0.01", [0.72, 0.74], 0.7),
)
GROUPS = {"sgd": ("sgd 0.1", "sgd 1"), "adam": ("adam, 0.1", "adam 0.01")}


def test_the_best_of_a_group_is_chosen_on_validation_and_has_not_diverged():
    scores = Scores(ROWS, GROUPS)
    assert (scores.best("sgd"), scores.best("adam"), scores.best("none")) == ("sgd 0.1", "adam, 0.1", None)
    seen = Claim("adam wins", "adam", "sgd").difference(scores, "test_accuracy")
    assert seen is not None
    assert (seen.mean, seen.n) == (pytest.approx(0.15), 2)


def test_a_divergence_counts_as_one():
    scores = Scores(ROWS)
    assert scores.values("sgd 1", "diverged") == {0: 0.0, 1: 1.0}
    assert scores.values("sgd 1", "test_accuracy") == {0: 0.9}


def test_a_table_is_read_back_as_it_was_written():
    scores = Scores(ROWS, GROUPS)
    assert from_csv(scores.to_csv(), GROUPS) == scores
    assert from_csv("label,seed,diverged\n").rows == ()


@pytest.mark.parametrize(
    "text", ["", "label,n\na,3\n", "label,seed,diverged,x\na,one,,\n", "label,seed,diverged,x\na\n"]
)
def test_another_table_is_one_clear_error(text):
    with pytest.raises(UserError, match=r"not a table of runs|is damaged"):
        from_csv(text)
