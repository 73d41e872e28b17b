"""Pictures that stay in their files: the same bits as in memory, whatever decodes them, interrupted anywhere."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

import jaxcnn
from helpers.processes import Start, end, wait_until
from helpers.runs import assert_same, newest_state, stop_at, timeless
from helpers.tiny import tiny_config
from jaxcnn import fit
from jaxcnn.commands.evaluate import evaluated
from jaxcnn.config import Config, DataConfig
from jaxcnn.config_json import changed, flat, to_dict
from jaxcnn.console.signals import Stopped
from jaxcnn.data import folder, pictures, streamed
from jaxcnn.data.batches import Batches, Decoded, Epochs, Once, stream
from jaxcnn.data.for_run import load_images
from jaxcnn.data.pictures import Reading
from jaxcnn.errors import UserError
from jaxcnn.runs.steps import complete_steps

PHOTOS = [np.asarray(photo) for photo in load_sample_images().images]
KEY = np.asarray(jax.random.key_data(jax.random.key(3)))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty parts of two photographs in sizes of their own, three classes; most are JPEGs, one is turned."""
    root = tmp_path_factory.mktemp("streamed") / "parts"
    for place in range(60):
        home = root / ("left", "middle", "right")[place % 3]
        home.mkdir(parents=True, exist_ok=True)
        top, left, high, wide = 5 * place, 100 + 150 * (place % 3), 50 + place, 60 + 2 * (place % 7)
        part = Image.fromarray(PHOTOS[place % 2][top : top + high, left : left + wide])
        exif = Image.Exif()
        if place == 7:
            exif[pictures.ORIENTATION] = 6
        part.save(home / f"{place:02d}.{'png' if place % 5 == 4 else 'jpg'}", exif=exif)
    return root


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAXCNN_CACHE", str(tmp_path / "cache"))


# Batches


def source(root: Path, **changes: object) -> Batches:
    data = folder.load(str(root), Reading(side=24), "always")
    plan = Epochs(np.arange(data.train_size, dtype=np.int32), seed=0, size=8, per_epoch=data.train_size // 8, total=14)
    whole = Batches(data.images, data.labels, plan, np.arange(8), "random_resized", KEY)  # type: ignore[arg-type]
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_streamed_images_are_those_in_memory(root: Path):
    memory, files = (folder.load(str(root), Reading(side=24), how) for how in ("never", "always"))
    np.testing.assert_array_equal(memory.images, np.asarray(files.images))
    np.testing.assert_array_equal(memory.labels, files.labels)
    np.testing.assert_array_equal(memory.test_images[[2, 0]], files.test_images[np.array([2, 0])])
    assert memory.train_size == files.train_size
    assert files.streamed
    assert not memory.streamed


def assert_equal(ours: Decoded, theirs: Decoded) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("workers", [0, 1, pytest.param(3, marks=pytest.mark.slow)])
def test_any_number_of_workers_from_any_step_gives_the_same_batches(root: Path, workers: int):
    batches = source(root, threads=1 if workers else 2)
    for begin in (0, 9):
        seen = list(stream(batches, begin, workers))
        assert len(seen) == 14 - begin
        for step, batch in enumerate(seen, begin):
            expected = source(root)[step]
            assert isinstance(expected, Decoded)
            assert_equal(batch, expected)


def test_each_process_decodes_its_part_of_the_whole(root: Path):
    whole = source(root)[5]
    parts = [source(root, positions=np.arange(8)[half])[5] for half in (slice(0, 4), slice(4, 8))]
    joined = Decoded(*(np.concatenate(pair) for pair in zip(*parts, strict=True)))  # type: ignore[arg-type]
    assert isinstance(whole, Decoded)
    assert_equal(whole, joined)


def test_an_epoch_has_every_picture_once_and_another_crop_in_the_next(root: Path):
    batches = source(root)
    steps = range(batches.plan.per_epoch)  # type: ignore[attr-defined]
    epochs = [[batches[len(steps) * epoch + step] for step in steps] for epoch in range(2)]
    indices = [np.concatenate([batch.indices for batch in epoch]) for epoch in epochs]  # type: ignore[union-attr]
    assert len(set(indices[0])) == len(indices[0]) == 8 * len(steps)
    first = {int(i): image for batch in epochs[0] for i, image in zip(batch.indices, batch.images, strict=True)}  # type: ignore[union-attr]
    second = {int(i): image for batch in epochs[1] for i, image in zip(batch.indices, batch.images, strict=True)}  # type: ignore[union-attr]
    both = first.keys() & second.keys()
    assert sum((first[i] != second[i]).any() for i in both) > 0.9 * len(both)


def test_a_broken_picture_is_named_or_another_takes_its_place(root: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    data = folder.load(str(copy), Reading(side=24), "always")
    broken = int(source(copy)[0].indices[3])  # type: ignore[union-attr]
    path = Path(data.images.path(broken))  # type: ignore[attr-defined]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UserError, match=rf"{path.name} is not a picture(.|\n)*--data\.broken skip"):
        next(stream(source(copy)))
    images = replace(data.images, reading=Reading(side=24, skip_broken=True))  # type: ignore[type-var]
    batch = next(stream(source(copy, images=images)))
    assert broken not in batch.indices
    assert len(batch.indices) == 8
    once = source(copy, images=images, crop="", plan=Once(np.array([[broken, 0]])), positions=np.arange(2))
    assert next(stream(once)).indices.tolist() == [-1, 0]


# Whole runs


@pytest.fixture
def config(root: Path, tmp_path: Path) -> Callable[..., Config]:
    def chosen(folder: str = "run", **changes: object) -> Config:
        base = replace(
            tiny_config(tmp_path / folder),
            model="softmax",
            data=DataConfig(f"folder:{root}", image_size=24, validation=6, stream="always"),
            augment=("flip",),
            batch_size=8,
            duration="14steps",
            evaluate_every="7steps",
            checkpoint_every="7steps",
        )
        return changed(base, changes)

    return chosen


def test_a_streamed_run_has_the_bits_of_one_in_memory(config):
    """Without random crops, with the same augmentation inside the step."""
    memory, files = (fit.fit(config(how, **{"data.stream": how})) for how in ("never", "always"))
    (_, a), (_, b) = (newest_state(config(how).folder) for how in ("never", "always"))
    assert_same(a, b)
    same = {name: value for name, value in timeless(memory).items() if name != "dataset_digest"}
    assert same == {name: files[name] for name in same}


@pytest.mark.parametrize("step", [pytest.param(0, marks=pytest.mark.slow), 6, pytest.param(9, marks=pytest.mark.slow)])
def test_a_streamed_run_killed_at_any_step_ends_as_the_unbroken_one(config, monkeypatch, step: int):
    crop = {"data.train_crop": "random_resized"}
    whole = fit.fit(config("whole", **crop))
    with monkeypatch.context() as patch:
        stop_at(patch, step)
        with pytest.raises(Stopped):
            fit.fit(config("stopped", **crop))
    again = fit.fit(config("stopped", **crop))
    assert_same(newest_state(config("whole").folder), newest_state(config("stopped").folder))
    assert timeless(again) == timeless(whole)


def test_a_streamed_run_is_read_evaluated_watched_and_its_wait_is_logged(config):
    chosen = config(**{"watch": True, "log_every": "14steps", "data.train_crop": "scale_jitter:shortest=(26,30)"})
    summary = fit.fit(chosen)
    assert 0 <= summary["data_wait"] <= 1
    rows = [json.loads(line) for line in (Path(chosen.folder) / "metrics.jsonl").read_text().splitlines()]
    assert any("data_wait" in row for row in rows if row["split"] == "train")
    run = jaxcnn.load(chosen.folder)
    images, found = evaluated(run, "test")
    assert found["accuracy"] == pytest.approx(summary["test_accuracy"])
    path = images.dataset.test_images.path(0)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(run.read(path), images.dataset.test_images[0])
    assert list((Path(chosen.folder) / "watch").glob("*.npz"))


def test_what_does_not_fit_in_memory_is_streamed_and_said(config, monkeypatch, capsys):
    auto = config(**{"data.stream": "auto"})
    assert not load_images(auto).info.streamed
    monkeypatch.setattr(streamed, "physical_memory", lambda: 4 * 60 * 24 * 24 * 3 - 1)
    assert load_images(auto).info.streamed
    assert "more than a quarter of the memory" in capsys.readouterr().err
    fit.fit(auto)
    monkeypatch.undo()
    assert load_images(auto).info.streamed  # a run that streamed is resumed so


def test_classes_of_streamed_pictures(config):
    kept = load_images(config(**{"data.classes": ("right", "left"), "data.validation": 4}))
    assert kept.info.label_names == ("right", "left")
    assert len(kept.dataset.labels) == 40
    names = [Path(kept.dataset.images.path(place)).parent.name for place in range(40)]  # type: ignore[attr-defined]
    assert [kept.info.label_names[label] for label in kept.dataset.labels] == names


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data.name": "digits"}, "only the pictures of a folder are streamed"),
        ({"data.image_size": 0}, "need one size"),
        ({"data.train_crop": "random_resized", "data.stream": "never"}, "which are then streamed"),
        ({"data.train_crop": "random_resized", "data.image_size": 0}, "needs the size"),
        ({"data.train_crop": "random_sized"}, "did you mean"),
        ({"data.resize": 20}, "at least data.image_size, 24"),
        ({"data.resize": 30, "data.fit": "pad"}, "--data.fit crop"),
        ({"data.classes": ("left", "up")}, "unknown class"),
    ],
)
def test_settings_of_streams_that_do_not_fit(config, changes, message: str):
    with pytest.raises(UserError, match=message):
        load_images(config(**changes))


PROGRAM = """
from jaxcnn.cli import main
from jaxcnn.config import Config
from jaxcnn.config_json import changed

if __name__ == "__main__":
    main(changed(Config("tiny"), {settings!r}), None)
"""


@pytest.mark.slow
def test_a_killed_run_leaves_no_worker_and_resumes_with_another_number_of_them(config, start: Start, tmp_path: Path):
    def command(folder: str, workers: int) -> list[str]:
        settings = {**flat(to_dict(config(folder))), "data.train_crop": "random_resized", "data.workers": workers}
        settings |= {"duration": "4000steps", "checkpoint_every": "50steps", "evaluate_every": "0steps"}
        (tmp_path / f"{folder}.py").write_text(PROGRAM.format(settings=settings))
        return [sys.executable, str(tmp_path / f"{folder}.py")]

    killed = start(command("killed", 2))
    wait_until(lambda: max(complete_steps(tmp_path / "killed/checkpoints"), default=0) >= 50, killed)
    threads = Path(f"/proc/{killed.pid}/task").glob("*/children")
    workers = [child for thread in threads for child in thread.read_text().split()]
    assert len(workers) >= 2
    killed.kill()
    wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    for name, count in (("killed", 1), ("whole", 0)):
        status, _, errors = end(start(command(name, count)))
        assert status == 0, errors
    assert_same(newest_state(tmp_path / "killed"), newest_state(tmp_path / "whole"))
