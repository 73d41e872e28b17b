"""Run folders that are not what they should be, and what `load` and `predict` say of them."""

import errno
import fcntl
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import jaxcnn
from jaxcnn import fit
from jaxcnn.errors import UserError
from jaxcnn.runs.folder import RunFolder, read_config


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from helpers.tiny import tiny_config

    config = replace(tiny_config(tmp_path_factory.mktemp("run") / "run"), duration="20steps")
    fit.fit(config)
    return config


def edit(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


@pytest.fixture
def copy(trained, tmp_path):
    shutil.copytree(trained.folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_predict_takes_any_number_of_images_and_only_those_of_the_run(trained):
    run = jaxcnn.load(trained.folder)
    images = np.random.default_rng(0).integers(0, 256, (701, 32, 32, 3)).astype(np.uint8)
    probabilities = run.predict(images)
    np.testing.assert_allclose(probabilities[:3], run.predict(images[:3]), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(probabilities[-1:], run.predict(images[-1:]), rtol=1e-5, atol=1e-6)
    assert run.predict(images[:0]).shape == (0, 10)
    for wrong in (images.astype(np.float32), images[0], images[:, :28, :28]):
        with pytest.raises(UserError, match=r"uint8 images \[N, 32, 32, 3\]"):
            run.predict(wrong)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda run: (run / "config.json").unlink(), "is not a run: it has no config.json"),
        (lambda run: (run / "config.json").write_text('{"name": "ti'), "config.json cannot be read"),
        (lambda run: (run / "data.json").unlink(), "data.json cannot be read"),
        (lambda run: edit(run / "config.json", lambda c: c.update(batch_sizes=1)), "did you mean 'batch_size'"),
        (
            lambda run: edit(run / "config.json", lambda c: c.update(era=9)),
            r"config.json.era(.|\n)*this version of jaxcnn \(0.*\) and is damaged or was edited",
        ),
        (lambda run: edit(run / "config.json", lambda c: c.update(model="convnet")), "does not fit its model"),
        (lambda run: edit(run / "data.json", lambda d: d.update(label_names=["a", "b"])), "does not fit its model"),
        (
            lambda run: (
                edit(run / "config.json", lambda c: c.update(era=9)),
                edit(run / "environment.json", lambda e: e["packages"].update(jaxcnn="0.1.0")),
            ),
            r"config.json.era(.|\n)*jaxcnn 0.1.0, and this is 0",
        ),
        (
            lambda run: (run / "checkpoints/20/_CHECKPOINT_METADATA").unlink(),
            "20 cannot be read: .*_CHECKPOINT_METADATA",
        ),
        (lambda run: (run / "checkpoints/20/state/manifest.ocdbt").unlink(), "cannot be read"),
    ],
)
def test_a_damaged_run_is_one_clear_error(copy, spoil, message):
    spoil(copy)
    with pytest.raises(UserError, match=message):
        jaxcnn.load(copy)


def test_a_bad_step_is_one_clear_error(trained):
    with pytest.raises(UserError, match="no checkpoint of step 7; it has 20"):
        jaxcnn.load(trained.folder, step=7)


def test_other_data_than_the_run_was_begun_on_is_refused(trained, copy):
    (copy / "summary.json").unlink()
    edit(copy / "data.json", lambda d: d.update(digest="0" * 12))
    with pytest.raises(UserError, match="was started on digits"):
        fit.fit(replace(trained, folder=str(copy)))


def test_a_folder_in_use_or_full_of_something_else_is_refused(trained, tmp_path):
    with RunFolder(trained), pytest.raises(UserError, match="in use by another process"):
        RunFolder(trained)
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match=r"not a jaxcnn run .found 'thesis.tex'"):
        RunFolder(replace(trained, folder=str(tmp_path)))
    with pytest.raises(UserError, match="is a file"):
        RunFolder(replace(trained, folder=str(tmp_path / "thesis.tex")))
    (tmp_path / "moved/checkpoints/100").mkdir(parents=True)
    with pytest.raises(UserError, match=r"moved/config.json is missing, but there are files of a run .found '100'"):
        RunFolder(replace(trained, folder=str(tmp_path / "moved")))


def test_a_process_that_does_not_write_sees_the_same_run_or_says_so(trained, tmp_path):
    with RunFolder(trained):
        RunFolder(trained, writes=False).check_visible()
        with pytest.raises(UserError, match="seed: 0 there, 3 here"):
            RunFolder(replace(trained, seed=3), writes=False).check_visible()
    elsewhere = replace(trained, folder=str(tmp_path / "elsewhere"))
    with pytest.raises(UserError, match="on a filesystem shared by all"):
        RunFolder(elsewhere, writes=False).check_visible()
    assert not (tmp_path / "elsewhere").exists()


def test_the_config_is_read_back(trained):
    assert read_config(Path(trained.folder)) == trained


COLLECTED = (".DS_Store", ".ipynb_checkpoints/a.ipynb", "lost+found", "train.log", "slurm-7.out", "nohup.out", ".lock")


def test_what_every_folder_collects_is_in_no_runs_way(trained, tmp_path):
    for name in (*COLLECTED, "checkpoints/.DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with RunFolder(replace(trained, folder=str(tmp_path))):
        assert (tmp_path / "config.json").exists()
    assert all((tmp_path / name).exists() for name in COLLECTED)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_disk_without_locks_is_told_from_a_folder_in_use(trained, tmp_path, monkeypatch, capfd, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with RunFolder(replace(trained, folder=str(tmp_path / "run"))):
        pass
    said = " ".join(capfd.readouterr().err.split())
    assert f"cannot be locked ({os.strerror(number)}): make sure that no other process" in said


@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_is_deleted_during_a_run_is_one_clear_error(tiny, monkeypatch, again):
    """Even if another run has begun there since."""
    config = replace(tiny, model="softmax", augment=(), duration="8steps", checkpoint_every="8steps")
    made = fit.batches

    def batches(training, begin_at):
        for step, indices in made(training, begin_at):
            if step == 6:
                shutil.rmtree(config.folder)
                if again:
                    RunFolder(config).__exit__()
            yield step, indices

    monkeypatch.setattr(fit, "batches", batches)
    with pytest.raises(UserError, match=r"run was deleted or moved while the run was training"):
        fit.fit(config)
    left = {p.name for p in Path(config.folder).glob("*")}
    assert left == ({".lock", "checkpoints", "config.json"} if again else set())
    monkeypatch.undo()
    assert fit.fit(config)["steps"] == 8


def test_a_path_with_blanks_is_quoted_where_it_is_to_be_typed(trained, tmp_path):
    config = replace(trained, folder=str(tmp_path / "my runs" / "a b"))
    with RunFolder(config):
        pass
    with pytest.raises(UserError) as refused:
        RunFolder(replace(config, seed=3))
    assert f"(--folder '{tmp_path}/my runs/a b-2')" in str(refused.value)
