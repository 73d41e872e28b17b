"""Damage to a checkpoint on disk: always an error, never a wrong number; and the way back to a good one."""

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxcnn
from helpers.processes import run_command
from jaxcnn import fit
from jaxcnn.errors import UserError
from jaxcnn.runs.checkpoints import Checkpoints
from jaxcnn.runs.checksums import damaged, digests
from jaxcnn.runs.reading import read_variables
from jaxcnn.runs.steps import complete_steps


def flip_a_bit(path, chance):
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def state(step):
    """Large enough that Orbax keeps arrays in data files, apart from its checked indices."""
    key = jax.random.key(step)
    params = {
        "conv": {"kernel": jax.random.normal(key, (64, 64))},
        "head": {"kernel": jax.random.normal(key, (9, 100))},
    }
    return {"step": step, "key": key, "params": params, "batch_stats": {}, "ema": None, "opt_state": (None,)}


@pytest.fixture
def three(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=3)
    for step in (1, 2, 3):
        checkpoints.save(step, state(step), None)
    checkpoints.close()
    return tmp_path / "checkpoints"


def test_a_flipped_bit_anywhere_is_an_error_or_harmless(three):
    chance, right, outcomes = random.Random(0), state(3)["params"], {"harmless": 0, "error": 0}
    for path in sorted(p for p in (three / "3").rglob("*") if p.is_file() and p.stat().st_size):
        whole = path.read_bytes()
        for _ in range(2):
            flip_a_bit(path, chance)
            try:
                read = read_variables(three, 3)["params"]
            except UserError:
                outcomes["error"] += 1
            else:
                assert all((a == b).all() for a, b in zip(*map(jax.tree.leaves, (read, right)), strict=True)), path
                outcomes["harmless"] += 1
            path.write_bytes(whole)
    assert min(outcomes.values()) >= 4, outcomes


def test_digests_tell_values_types_and_shapes_apart():
    tree = {"a": np.arange(6.0), "key": jax.random.key(0), "half": np.array([1], np.float16), "scalar": 3}
    expected = digests(tree)
    assert damaged(tree, expected) == []
    assert damaged({"half": tree["half"]}, expected) == []
    others = {
        "a": np.arange(6.0).reshape(2, 3),
        "key": jax.random.key(1),
        "half": np.array([1], np.float32),
        "scalar": 4,
    }
    assert damaged(others, expected) == ["a", "half", "key", "scalar"]
    assert damaged({"new": np.zeros(1)}, expected) == ["new"]


def change_record(checkpoint, old, new):
    path = checkpoint / "_CHECKPOINT_METADATA"
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"score": 0.31', b'"score": 0.71'),
        (b'"score": 0.31', b'"scorf": 0.31'),
        (b'"step": 2', b'"step": 0'),
        (b'"digests"', b'"digestr"'),
        (b'"seal"', b'"seam"'),
        (b'"custom_metadata"', b'"custom_metadat`"'),
    ],
)
def test_a_flip_in_what_decides_which_checkpoint_is_best_is_an_error_that_names_it(tmp_path, old, new):
    folder = tmp_path / "checkpoints"
    checkpoints = Checkpoints(folder, keep=2)
    for step, accuracy in ((1, 0.5), (2, 0.31), (3, 0.4)):
        checkpoints.save(step, state(step), accuracy)
    checkpoints.close()
    change_record(folder / "2", old, new)
    checkpoints = Checkpoints(folder, keep=2)
    message = r"checkpoint .*/2 cannot be read: _CHECKPOINT_METADATA is damaged(.|\n)*--resume latest_valid"
    for refused in (lambda: checkpoints.best, lambda: checkpoints.latest, lambda: checkpoints.restore(state(0), 2)):
        with pytest.raises(UserError, match=message):
            refused()
    with pytest.raises(UserError, match=message):
        checkpoints.save(4, state(4), 0.1)
    assert complete_steps(folder) == [1, 2, 3]
    assert list(checkpoints.set_aside_damaged(state(0))) == [2]
    assert (checkpoints.best, checkpoints.latest) == (1, 3)
    checkpoints.close()


def test_a_checkpoint_whose_folder_was_renamed_is_not_taken_for_another_step(three):
    (three / "3").rename(three / "9")
    with pytest.raises(UserError, match="it was saved at step 3, and its folder was renamed"):
        read_variables(three, 9)


def test_damaged_checkpoints_are_set_aside_whole_and_the_rest_goes_on(three):
    (three / "2/_CHECKPOINT_METADATA").unlink()
    files = [p for p in (three / "3").rglob("*") if p.is_file() and p.stat().st_size]
    flip_a_bit(max(files, key=lambda p: p.stat().st_size), random.Random(0))
    before = {p.name: p.read_bytes() for p in files}
    for _ in range(2):  # a second damaged one of the same step gets a name of its own
        checkpoints = Checkpoints(three, keep=3)
        wrong = checkpoints.set_aside_damaged(state(0))
        assert checkpoints.latest == 1
        assert checkpoints.set_aside_damaged(state(0)) == {}
        checkpoints.save(3, state(3), None)
        checkpoints.close()
        shutil.copytree(three / "3", three / "2")
        (three / "2/_CHECKPOINT_METADATA").unlink()
        if len(wrong) == 2:
            assert "is not what was saved" in wrong[3]
            shutil.rmtree(three / "3")
    aside = three.parent / "damaged"
    assert sorted(p.name for p in aside.iterdir()) == ["2", "2-2", "3"]
    assert {p.name: p.read_bytes() for p in (aside / "3").rglob("*") if p.is_file() and p.stat().st_size} == before


def test_with_nothing_good_left_nothing_is_moved(three):
    for step in (1, 2, 3):
        (three / str(step) / "_CHECKPOINT_METADATA").write_text("{")
    checkpoints = Checkpoints(three, keep=3)
    with pytest.raises(UserError, match=r"none of the checkpoints can be read, and none was moved"):
        checkpoints.set_aside_damaged(state(0))
    checkpoints.close()
    assert complete_steps(three) == [1, 2, 3]


@pytest.mark.slow
def test_a_run_goes_on_from_the_last_good_checkpoint_when_asked_and_ends_the_same(tiny, tmp_path, capfd):
    unbroken = replace(tiny, folder=str(tmp_path / "unbroken"))
    expected = fit.fit(unbroken)
    shutil.copytree(unbroken.folder, tiny.folder)
    (Path(tiny.folder) / "summary.json").unlink()
    for path in (Path(tiny.folder) / "checkpoints/40/state").rglob("d/*"):  # of which some files may not be read
        path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(UserError, match=r"40 cannot be read(.|\n)*--resume latest_valid"):
        fit.fit(tiny)
    summary = fit.fit(replace(tiny, resume="latest_valid"))
    assert {k: v for k, v in summary.items() if k != "wall_seconds"} == {
        k: v for k, v in expected.items() if k != "wall_seconds"
    }
    said = capfd.readouterr().err
    assert "moved step 40 to" in said
    assert "resumed at step 20" in said
    runs = [jaxcnn.load(config.folder).variables for config in (unbroken, tiny)]
    assert all((a == b).all() for a, b in zip(*map(jax.tree.leaves, runs), strict=True))


@pytest.mark.parametrize("keep", [1, 3])
def test_the_newest_and_the_best_are_kept_whatever_the_numbers(tmp_path, keep):
    chance = random.Random(keep)
    accuracies = {step: chance.choice([None, 0.0, 0.5, 0.5, 1.0]) for step in range(1, 9)}
    checkpoints = Checkpoints(tmp_path, keep)
    for step, accuracy in accuracies.items():
        checkpoints.save(step, {"params": np.full(3, step)}, accuracy)
        checkpoints.wait()
        seen = {k: a for k, a in accuracies.items() if k <= step and a is not None}
        kept = complete_steps(tmp_path)
        assert set(range(max(step - keep + 1, 1), step + 1)) <= set(kept)
        if seen:
            best = checkpoints.best
            assert best is not None
            assert seen[best] == max(seen.values())
            assert best in kept
    checkpoints.close()


@pytest.mark.slow
def test_loading_a_run_unpickles_and_executes_nothing(tiny, tmp_path):
    fit.fit(replace(tiny, duration="2steps"))
    script = f"""
import json, pickle, sys
events = []
def hook(name, arguments):
    if name in ("pickle.find_class", "os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork"):
        events.append(f"{{name}} {{arguments}}")
sys.addaudithook(hook)
import jaxcnn
run = jaxcnn.load({tiny.folder!r})
pickle.loads(pickle.dumps(json.JSONDecoder))  # the hook does see it
print(json.dumps([run.step, events]))
"""
    (tmp_path / "watched.py").write_text(script)
    result = run_command("watched", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    step, events = json.loads(result.stdout)
    assert step == 2
    assert events == ["pickle.find_class ('json.decoder', 'JSONDecoder')"]
