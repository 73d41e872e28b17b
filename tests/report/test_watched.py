"""The pictures of a watched training are of what was written."""

from pathlib import Path

import numpy as np
import pytest

from jaxcnn.errors import UserError
from jaxcnn.report import watched


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "watch").mkdir()
    for step in (0, 1, 10):
        numbers = {"updates/stem/conv/over_weight": 0.1 / (step + 1), "updates/stem/conv/std": 1.0}
        numbers |= {"activations/head/dead": 0.25, "weights/head/counts": np.ones(4)}
        np.savez(tmp_path / f"watch/{step:07d}.npz", **numbers)  # type: ignore[arg-type]
    return tmp_path


def test_numbers_are_read_by_layer_and_step(folder):
    assert watched.read(folder).numbers == {
        "updates/over_weight": {"stem/conv": {0: 0.1, 1: 0.05, 10: pytest.approx(0.1 / 11)}},
        "activations/dead": {"head": {0: 0.25, 1: 0.25, 10: 0.25}},
    }
    assert watched.read(folder / "watch") == watched.Watched()


def test_each_layer_is_a_line_over_steps(folder):
    axes = watched.figure(watched.read(folder).numbers).axes
    lines = {axis.get_title(): [line.get_label() for line in axis.get_lines()] for axis in axes}
    assert lines["update / weight"] == ["stem/conv"]
    assert lines["fraction of dead units"] == ["head"]
    (line,) = axes[0].get_lines()
    assert np.asarray(line.get_xdata()).tolist() == [1, 10]


def test_class_maps_are_a_row_a_step_and_a_column_an_image(folder):
    seen = np.random.default_rng(0).integers(0, 256, (2, 3, 8, 8, 3), dtype=np.uint8)
    for step, pictures in zip((0, 10), seen, strict=True):
        np.savez(folder / f"watch/{step:07d}.npz", **{watched.MAPPED: pictures})
    drawn = watched.mapped(watched.read(folder).class_maps)
    shown = [np.asarray(axis.get_images()[0].get_array()) for axis in drawn.axes]
    np.testing.assert_array_equal(np.stack(shown).reshape(seen.shape), seen)
    assert [axis.texts[0].get_text() for axis in drawn.axes[::3]] == ["step 0", "step 10"]


def test_a_damaged_file_is_one_clear_error(folder):
    (folder / "watch/0000001.npz").write_bytes(b"PK damaged")
    with pytest.raises(UserError, match=r"0000001.npz is damaged .*remove it"):
        watched.read(folder)
