"""Checkpoints on disk: what is kept, what is read, what damage does."""

import shutil
import signal
import sys

import jax
import jax.numpy as jnp
import pytest

from helpers.processes import run_program
from jaxcnn.errors import UserError
from jaxcnn.runs.checkpoints import Checkpoints
from jaxcnn.runs.reading import read_variables
from jaxcnn.runs.steps import complete_steps


def state(value=0.0):
    variables = {"params": {"head": {"kernel": jnp.full((3, 4), value)}}, "batch_stats": {}}
    return {"step": jnp.int32(value), "key": jax.random.key(0), **variables, "ema": None, "opt_state": (None, value)}


def save(folder, steps_and_accuracies, keep=2):
    checkpoints = Checkpoints(folder, keep)
    for step, accuracy in steps_and_accuracies:
        checkpoints.save(step, state(float(step)), accuracy)
    checkpoints.close()


def test_the_newest_and_the_best_are_kept(tmp_path):
    save(tmp_path, [(1, 0.5), (2, 0.9), (3, 0.1), (4, None), (5, 0.2), (6, None)])
    assert complete_steps(tmp_path) == [2, 5, 6]
    checkpoints = Checkpoints(tmp_path, keep=2)
    assert (checkpoints.latest, checkpoints.best) == (6, 2)
    assert float(checkpoints.restore(state(), 2)["params"]["head"]["kernel"][0, 0]) == 2.0
    checkpoints.close()


def test_the_key_and_empty_trees_come_back(tmp_path):
    save(tmp_path, [(3, None)])
    checkpoints = Checkpoints(tmp_path, keep=2)
    restored = checkpoints.restore(state(), 3)
    checkpoints.close()
    assert (jax.random.key_data(restored["key"]) == jax.random.key_data(state()["key"])).all()
    assert jax.tree.structure(restored) == jax.tree.structure(state())


def test_variables_alone_are_read_without_the_rest(tmp_path):
    save(tmp_path, [(3, None)])
    variables = read_variables(tmp_path, 3)
    assert variables.keys() == {"params", "batch_stats"}
    assert float(variables["params"]["head"]["kernel"][0, 0]) == 3.0


KILLED = """
import os, signal, sys
import jax.numpy as jnp
from pathlib import Path
from jaxcnn.runs.checkpoints import Checkpoints

def kill(event, arguments):
    if event == "os.rename" and os.path.basename(os.fspath(arguments[1])) == "7":
        os.kill(os.getpid(), signal.SIGKILL)

checkpoints = Checkpoints(Path("run"), keep=2)
checkpoints.save(3, {"params": jnp.ones(8)}, None)
checkpoints.wait()
sys.addaudithook(kill)
checkpoints.save(7, {"params": jnp.ones(8)}, None)
checkpoints.wait()
"""


def test_what_a_killed_process_left_half_saved_is_no_checkpoint_and_is_removed(tmp_path):
    result = run_program([sys.executable, "-c", KILLED], tmp_path)
    assert result.returncode == -signal.SIGKILL, result.stderr
    assert len(list((tmp_path / "run").iterdir())) == 2
    assert complete_steps(tmp_path / "run") == [3]
    checkpoints = Checkpoints(tmp_path / "run", keep=2)
    assert checkpoints.latest == 3
    checkpoints.save(5, {"params": jnp.ones(8)}, None)
    checkpoints.close()
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["3", "5"]


KILLED_IN_REMOVAL = """
import os, signal, sys
import jax.numpy as jnp
from pathlib import Path
from jaxcnn.runs.checkpoints import Checkpoints

left, removing = int(os.environ["FILES"]), False

def kill(event, arguments):
    global left, removing
    removing |= event == "shutil.rmtree" and str(arguments[0]).endswith(".removed")
    if removing and event == "os.remove":
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
checkpoints = Checkpoints(Path("run"), keep=1)
for step in (3, 7):
    checkpoints.save(step, {"params": jnp.ones(8)}, None)
checkpoints.wait()
"""


@pytest.mark.parametrize("files", [1, 4])
def test_what_a_killed_process_left_half_removed_is_no_checkpoint_and_is_removed(tmp_path, files):
    result = run_program([sys.executable, "-c", KILLED_IN_REMOVAL], tmp_path, FILES=str(files))
    assert result.returncode == -signal.SIGKILL, result.stderr
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["3.removed", "7"]
    assert complete_steps(tmp_path / "run") == [7]
    checkpoints = Checkpoints(tmp_path / "run", keep=1)
    assert checkpoints.latest == 7
    checkpoints.close()
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["7"]


@pytest.mark.parametrize("name", ["²", "007", "7.removed", "x", "-1"])
def test_only_a_folder_named_after_a_step_is_a_checkpoint(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / "5").touch()
    (tmp_path / "3").mkdir()
    assert complete_steps(tmp_path) == [3]


@pytest.mark.parametrize("damage", ["manifest.ocdbt", "_METADATA", "d"])
def test_a_damaged_checkpoint_is_named_with_the_one_to_go_on_from(tmp_path, damage):
    save(tmp_path, [(3, None), (6, None)])
    path = tmp_path / "6" / "state" / damage
    for each in [p for p in [path, *tmp_path.glob("6/state/*/d/*")] if p.exists()] if damage == "d" else [path]:
        shutil.rmtree(each) if each.is_dir() else each.write_bytes(each.read_bytes()[:10])
    checkpoints = Checkpoints(tmp_path, keep=2)
    message = "checkpoint .*6 cannot be read: (.|\n)*--resume latest_valid(.|\n)*step=3"
    with pytest.raises(UserError, match=message):
        checkpoints.restore(state(), 6)
    with pytest.raises(UserError, match=message):
        read_variables(tmp_path, 6)
    checkpoints.close()


def test_a_network_of_another_shape_is_refused(tmp_path):
    save(tmp_path, [(3, None)])
    other = state() | {"params": {"head": {"kernel": jnp.zeros((3, 5))}}}
    checkpoints = Checkpoints(tmp_path, keep=2)
    with pytest.raises(UserError, match="cannot be read"):
        checkpoints.restore(other, 3)
    checkpoints.close()
