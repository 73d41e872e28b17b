"""Run folders that are not what they should be, and what `load` and `predict` say of them."""

import json
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
    import shutil

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
            r"config.json.era(.|\n)*jaxcnn 0.*and this is 0",
        ),
        (lambda run: edit(run / "config.json", lambda c: c.update(model="convnet")), "does not fit its model"),
        (lambda run: edit(run / "data.json", lambda d: d.update(label_names=["a", "b"])), "does not fit its model"),
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
    with pytest.raises(UserError, match=r"not a jaxcnn run .found '100'"):
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
