import itertools

import pytest

from jaxcnn.cadence import Cadence, cadence
from jaxcnn.config import Config
from jaxcnn.errors import UserError


def events(rhythm: Cadence) -> list[list[int]]:
    """The steps of a run that log, evaluate and save."""
    happens = (rhythm.logs, rhythm.evaluates, rhythm.saves)
    return [[step for step in range(1, rhythm.total + 1) if each(step)] for each in happens]


def test_each_happens_at_its_interval_and_after_the_last_step():
    config = Config("a", log_every="3steps", evaluate_every="1epochs", checkpoint_every="50%")
    assert events(cadence(config, 4, 10, validates=True)) == [[3, 6, 9, 10], [4, 8, 10], [5, 10]]


def test_a_frequency_of_zero_means_only_after_the_last_step():
    config = Config("a", log_every="0steps", evaluate_every="0epochs", checkpoint_every="0%")
    assert events(cadence(config, 4, 10, validates=True)) == [[10], [10], [10]]
    assert events(cadence(config, 4, 10, validates=False)) == [[10], [], [10]]


@pytest.mark.parametrize(
    ("evaluate", "checkpoint", "total"), [*itertools.product([0, 2, 3, 4, 8], [0, 2, 3, 4, 8], [2, 9])]
)
def test_select_best_is_refused_where_there_is_nothing_to_choose(evaluate, checkpoint, total):
    """A run that is too short for any of both is a trial, and not refused."""
    config = Config("a", evaluate_every=f"{evaluate}steps", checkpoint_every=f"{checkpoint}steps", select="best")
    shared = [step for step in range(1, total) if evaluate and checkpoint and step % evaluate == step % checkpoint == 0]
    trial = evaluate >= total and checkpoint >= total
    if shared or trial:
        assert cadence(config, 4, total, validates=True).total == total
    else:
        with pytest.raises(UserError, match="only the last checkpoint to choose from"):
            cadence(config, 4, total, validates=True)


def test_select_best_without_validation_images_is_refused():
    with pytest.raises(UserError, match="needs validation images"):
        cadence(Config("a", select="best"), 4, 10, validates=False)
