"""Panels over runs that are written down, not trained: the numbers they show are those of the files."""

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from jaxcnn.config import Config
from jaxcnn.config_json import to_dict
from jaxcnn.data.info import DataInfo
from jaxcnn.report import Panel, Results, Row, panels

INFO = DataInfo("fake", "1.0.0", "abc", (8, 8, 1), ("0", "1"), (0.5,), (0.3,), 100, 50, 50, False)


def markdown(panel: Panel) -> str:
    assert panel.table is not None
    return panel.table.to_markdown()


@pytest.fixture
def results(tmp_path):
    """A slow run of four epochs, twice as good at the end, and a quick one of two."""
    rows = []
    for label, rate, accuracies in (("slow", 10.0, (0.2, 0.3, 0.5, 0.8)), ("quick", 20.0, (0.3, 0.4))):
        config = Config(name="fake", batch_size=10, folder=str(tmp_path / label))
        row = Row(label, 0, config)
        row.folder.mkdir()
        (row.folder / "config.json").write_text(json.dumps(to_dict(config)))
        (row.folder / "data.json").write_text(json.dumps(asdict(INFO)))
        end = 10 * len(accuracies)
        summary = {"validation_accuracy": accuracies[-1], "steps": end, "tested_step": end, "cpu_seconds": end / rate}
        (row.folder / "summary.json").write_text(json.dumps(summary))
        entries = []
        for epoch, accuracy in enumerate(accuracies, 1):
            step = {"step": 10 * epoch}
            entries.append({**step, "split": "train", "accuracy": accuracy + 0.1, "cpu_seconds": 10 * epoch / rate})
            entries.append({**step, "split": "validation", "accuracy": accuracy})
        (row.folder / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        rows.append(row)
    return Results("fake", tuple(rows))


def test_gap_is_training_less_validation_accuracy(results):
    panel = panels.gap(results)
    assert "| slow | 90.00 % | 80.00 % | 10.0 |" in markdown(panel)
    assert "| quick | 50.00 % | 40.00 % | 10.0 |" in markdown(panel)


def test_gap_is_that_of_the_step_that_was_tested(results):
    summary = {"validation_accuracy": 0.3, "steps": 40, "tested_step": 20}
    (results.rows[0].folder / "summary.json").write_text(json.dumps(summary))
    assert "| slow | 40.00 % | 30.00 % | 10.0 |" in markdown(panels.gap(results))


def test_a_run_that_diverged_has_no_gap(results):
    (results.rows[0].folder / "summary.json").unlink()
    assert "slow" not in markdown(panels.gap(results))


def test_equal_time_is_the_time_of_the_quickest(results):
    """The quick run takes one second; in one second the slow one has made ten steps, which is one epoch."""
    table = markdown(panels.equal_time(results))
    assert "epochs in 1 CPU seconds" in table
    assert "| slow | 1.0 | 20.00 % | 80.00 % | 4 |" in table
    assert "| quick | 2.0 | 40.00 % | 40.00 % | 1 |" in table


def test_equal_time_leaves_no_room_for_a_run_that_was_never_evaluated_in_it(results):
    row = results.rows[0]
    path = row.folder / "metrics.jsonl"
    path.write_text(path.read_text().replace('"cpu_seconds": ', '"cpu_seconds": 9'))
    slow = Results("fake", (replace(row), results.rows[1]))
    assert "| slow |  | less than one evaluation |" in markdown(panels.equal_time(slow))


def test_a_contact_sheet_has_a_line_of_pictures_for_each_name():
    rows = {"one": [np.zeros((4, 4, 3))] * 3, "two": [np.full((4, 4, 3), 300.0)]}
    figure = panels.contact_sheet(rows, ["first", "second"])
    assert [len(axis.images) for axis in figure.axes] == [1, 1, 1, 1, 0, 0]
    assert [axis.get_title() for axis in figure.axes[:3]] == ["first", "second", ""]
    pixels: Any = figure.axes[3].images[0].get_array()
    assert pixels.max() == 255
