"""Checkpoints in folders with names that a library below could take for a pattern, or for something else."""

from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn import fit
from jaxcnn.errors import UserError
from jaxcnn.runs import reading
from jaxcnn.runs.checkpoints import Checkpoints
from jaxcnn.runs.folder import RunFolder
from jaxcnn.runs.reading import read_variables
from jaxcnn.runs.steps import complete_steps

NAMES = ("b[1]", "[lab] work", "a*b", "who?", "a{b}", "it's", "50%", "grün", "$HOME", "#1", "ends~", "-x", " ")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_saved_in_any_folder_is_read_again(tmp_path, name):
    folder, state = tmp_path / name / name, {"params": {"a": jnp.arange(5.0)}, "batch_stats": {}, "ema": None}
    checkpoints = Checkpoints(folder, keep=1)
    for step in (1, 2):
        checkpoints.save(step, state, score=0.5)
    checkpoints.wait()
    assert complete_steps(folder) == [2]
    read = checkpoints.restore(state, 2), read_variables(folder, 2)
    checkpoints.close()
    for tree in read:
        np.testing.assert_array_equal(tree["params"]["a"], np.arange(5.0))


def test_a_backslash_is_refused_before_anything_is_written(tiny, tmp_path):
    """TensorStore takes it for a slash, and writes elsewhere."""
    config = replace(tiny, folder=str(tmp_path / "a\\b"))
    for door in (lambda: RunFolder(config), lambda: fit.fit(config)):
        with pytest.raises(UserError, match=r"because of the backslash: choose another"):
            door()
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_cannot_be_found_is_an_error_and_costs_no_older_checkpoint(tmp_path, monkeypatch):
    state = {"params": {"a": jnp.arange(5.0)}}
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save(1, state, None)
    checkpoints.wait()

    def lost(path: Path) -> int:
        return 0 if "/2/" in str(path) else reading.count_arrays(path)

    monkeypatch.setattr("jaxcnn.runs.checkpoints.count_arrays", lost)
    checkpoints.save(2, state, None)
    with pytest.raises(UserError, match=r"could not save .*1 arrays were written to .*/2, and 0 are found there"):
        checkpoints.close()
    assert 1 in complete_steps(tmp_path)
