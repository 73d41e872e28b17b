"""Watching a training: what is written, and that nothing else changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import jaxcnn
from helpers.runs import assert_same, newest_state, stop_at
from helpers.tiny import tiny_config
from jaxcnn import fit
from jaxcnn.config import Config
from jaxcnn.console.signals import Stopped
from jaxcnn.data.for_run import load_images
from jaxcnn.drawing import overlaid
from jaxcnn.inspect.explanation import explain
from jaxcnn.watch import EXPLAINED, HISTOGRAMS, PICTURES, watched_steps


def watched(folder: Path, **changes: object) -> Config:
    return replace(tiny_config(folder), watch=True, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("total", [1, 7, 40, 64_000])
@pytest.mark.parametrize("count", [PICTURES, HISTOGRAMS])
def test_steps_hold_the_first_and_the_last_and_fit_into_tensorboard(total: int, count: int):
    steps = sorted(watched_steps(total, count))
    assert (steps[0], steps[-1]) == (0, total)
    assert len(steps) <= count
    gaps = np.diff(steps)
    assert (np.diff(gaps) >= -1).all()


def test_a_watched_training_has_the_same_bits_also_when_it_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    fit.fit(tiny_config(tmp_path / "plain"))
    config = watched(tmp_path / "watched", tensorboard=True)
    stop_at(monkeypatch, 13)
    with pytest.raises(Stopped):
        fit.fit(config)
    monkeypatch.undo()
    fit.fit(config)
    assert_same(newest_state(tmp_path / "plain"), newest_state(tmp_path / "watched"))

    files = sorted((tmp_path / "watched/watch").iterdir())
    assert [int(path.stem) for path in files] == sorted(watched_steps(40, HISTOGRAMS))
    first, last = np.load(files[0]), np.load(files[-1])
    kernel = first["weights/stem/conv/counts"]
    assert kernel.sum() == 4 * 4 * 3 * 32
    assert first["activations/stem/conv/counts"].sum() == 100 * 16 * 16 * 32
    assert 0 <= float(last["activations/stem/conv/dead"]) <= 1
    assert 0 < float(np.load(files[10])["updates/stem/conv/over_weight"]) < 1
    assert float(last["updates/stem/conv/over_weight"]) == 0  # the schedule ends at zero
    assert (last["weights/head/edges"] != first["weights/head/edges"]).any()
    for step in watched_steps(40, PICTURES):
        pictures = np.load(tmp_path / f"watched/watch/{step:07d}.npz")["class_maps/true_class/overlaid"]
        assert pictures.shape == (EXPLAINED, 32, 32, 3)


def test_class_maps_are_those_of_the_page(tmp_path: Path):
    config = watched(tmp_path / "run", ema=0.0)
    fit.fit(config)
    images = load_images(config)
    chosen = images.split.validation[:EXPLAINED]
    pictures = np.asarray(images.dataset.images[chosen])
    found = explain(jaxcnn.load(config.folder), pictures, images.dataset.labels[chosen])
    expected = overlaid(pictures, found.maps["hires_cam"]).astype(int)
    seen = np.load(tmp_path / "run/watch/0000040.npz")["class_maps/true_class/overlaid"]
    np.testing.assert_allclose(seen, expected, atol=2)


@pytest.mark.parametrize(("model", "task"), [("softmax", "classification"), ("softmax", "rotation")])
def test_what_sees_no_place_or_says_no_class_has_no_class_map(tmp_path: Path, model: str, task: str):
    fit.fit(watched(tmp_path / "run", model=model, task=task, augment=(), duration="1steps"))
    assert not [name for name in np.load(tmp_path / "run/watch/0000001.npz") if name.startswith("class_maps")]


def test_tensorboard_gets_histograms_and_pictures(tmp_path: Path):
    from tensorboardX.proto import event_pb2

    fit.fit(watched(tmp_path / "run", tensorboard=True))
    tags: dict[str, set[int]] = {}
    for path in (tmp_path / "run/events").iterdir():
        for event in _events(path.read_bytes(), event_pb2):
            for value in event.summary.value:
                kind = value.WhichOneof("value")
                tags.setdefault(f"{kind} {value.tag}", set()).add(event.step)
    assert len(tags["histo weights/stem/conv"]) == len(watched_steps(40, HISTOGRAMS)) <= 50
    assert len(tags["image maps/stem/conv"]) == len(watched_steps(40, PICTURES)) <= 10
    names = [tag.split()[1] for tag in tags]
    assert len(set(names)) == len(names), "TensorBoard shows one kind of a name only"
    assert "image kernels/stem/conv" in tags
    assert len(tags["image class_maps/true_class"]) == len(watched_steps(40, PICTURES))
    assert "simple_value watch/updates/head/over_weight" in tags


def _events(content: bytes, event_pb2):
    """The records of an events file: length, checksum, data, checksum."""
    place = 0
    while place < len(content):
        size = int.from_bytes(content[place : place + 8], "little")
        yield event_pb2.Event.FromString(content[place + 12 : place + 12 + size])
        place += 16 + size
