"""Tables, pictures and pages, from run folders as a training leaves them."""

import json
import math
import statistics
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jaxcnn.commands import compare
from jaxcnn.config import Config
from jaxcnn.config_json import to_dict
from jaxcnn.data.info import DataInfo
from jaxcnn.errors import UserError
from jaxcnn.report import DIVERGED, Panel, Results, Row, page, plots, tables
from jaxcnn.report.scores import scores
from jaxcnn.report.table import Table
from jaxcnn.report.write import write_report

INFO = DataInfo("digits", "1.0.0", "abc", (8, 8, 1), ("0", "1"), (0.5,), (0.3,), 320, 100, 360, False)


def leave(folder: Path, label: str, seed: int, accuracy: float | None, steps: int = 30) -> Row:
    """What a run leaves behind: finished with `accuracy`, or diverged after `steps`."""
    config = Config(name="left", seed=seed, batch_size=32, duration="3epochs", folder=str(folder))
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(to_dict(config)))
    (folder / "data.json").write_text(json.dumps(asdict(INFO)))
    rows = [
        {"step": step, "split": split, "loss": 30 / step, "accuracy": (accuracy or 0.1) * step / 30}
        for step in range(10, steps + 1, 10)
        for split in ("train", "validation")
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    seen = {
        "metric": "accuracy",
        "test_accuracy": accuracy,
        "validation_accuracy": accuracy,
        "test_loss": 1.0,
        "wall_seconds": 70.0,
        "cpu_seconds": 12.0,
        "tested_step": steps,
    }
    if accuracy is None:
        (folder / DIVERGED).write_text(json.dumps({"step": steps + 1}))
    else:
        (folder / "summary.json").write_text(json.dumps({**seen, "parameters": 1234567}))
    return Row(label, seed, config)


@pytest.fixture
def results(tmp_path) -> Results:
    rows = [
        leave(tmp_path / "a/seed-0", "a | b", 0, 0.5),
        leave(tmp_path / "a/seed-1", "a | b", 1, 0.6),
        leave(tmp_path / "half/seed-0", "half", 0, 0.4),
        leave(tmp_path / "half/seed-1", "half", 1, None, steps=10),
        leave(tmp_path / "none/seed-0", "none", 0, None, steps=20),
    ]
    return Results("trial", tuple(rows), commands={"a | b": "python -m experiments.trial --only 'a | b'"})


def test_a_line_has_mean_and_deviation_over_seeds_and_says_what_diverged(results):
    lines = tables.to_markdown(results, scores(results)).splitlines()
    accuracies = "55.00 ± 7.07 % | 55.00 ± 7.07 % | 55.00 ± 7.07 %"
    assert lines[2] == f"| a \\| b | 2 | {accuracies} | 1.000 ± 0.000 | 1,234,567 | 12 |  |  |  |"
    assert "| half | 1 | 40.00 % (1 of 2 diverged at step 11) |" in lines[3]
    assert lines[3].endswith("| -10.00 | a \\| b | not known |")
    assert "| none | 0 | diverged at step 21 |" in lines[4]
    assert lines[4].endswith("|  | a \\| b | not known |")
    assert "digits 1.0.0 (abc), 320 train, 100 validation, 360 test" in tables.caption(results)


def test_curves_are_means_over_seeds_against_epochs_with_a_band(results):
    loss, training, validation = plots.curves(results).axes
    lines = {line.get_label(): line for line in training.get_lines()}
    assert np.asarray(lines["a | b"].get_xdata()).tolist() == [1, 2, 3]
    assert np.asarray(lines["a | b"].get_ydata()).tolist() == pytest.approx([0.55 / 3, 0.55 * 2 / 3, 0.55])
    assert np.asarray(lines["half"].get_xdata()).tolist() == [1]
    assert [line.get_marker() for line in validation.get_lines()].count("x") == 2
    assert len(training.collections) == 2
    assert (loss.get_title(), validation.get_title()) == ("training loss", "validation accuracy")


def test_curves_of_runs_that_count_in_steps_are_drawn_against_steps(results):
    rows = tuple(replace(row, config=replace(row.config, duration="30steps")) for row in results.rows)
    axis = plots.curves(replace(results, rows=rows)).axes[0]
    assert (axis.get_xlabel(), np.asarray(axis.get_lines()[0].get_xdata()).tolist()) == ("step", [10, 20, 30])


def test_a_caption_names_the_data_once_with_all_numbers_of_training_images(results):
    path = results.rows[0].folder / "data.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"train": 1000}))
    caption = "Data: digits 1.0.0 (abc), 320 / 1,000 train, 100 validation, 360 test."
    assert tables.caption(results).endswith(f"interval. {caption}")


def test_what_is_logged_at_every_step_is_drawn_as_means_over_tenths_of_an_epoch(tmp_path):
    row = leave(tmp_path / "often", "often", 0, 0.5)
    info = json.loads((row.folder / "data.json").read_text()) | {"train": 32 * 20}
    (row.folder / "data.json").write_text(json.dumps(info))
    entries = [{"step": step, "split": "train", "loss": float(step), "accuracy": 0.5} for step in range(1, 8)]
    (row.folder / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    line = plots.curves(Results("trial", (row,))).axes[0].get_lines()[0]
    assert np.asarray(line.get_xdata()).tolist() == pytest.approx([0.1, 0.2, 0.3, 0.35])
    assert np.asarray(line.get_ydata()).tolist() == [1.5, 3.5, 5.5, 7]


def test_a_curve_of_one_point_is_drawn_as_a_marker(results):
    training = plots.curves(results).axes[1]
    markers = {line.get_label(): line.get_marker() for line in training.get_lines() if line.get_marker() != "x"}
    assert markers == {"a | b": "None", "half": "o", "none, diverged": "None"}


def test_numbers_stand_beyond_every_point_and_within_the_picture(tmp_path):
    rows = [leave(tmp_path / str(seed), "a", seed, value) for seed, value in enumerate([0.1, 0.1, 0.1, 0.1, 0.95])]
    results = Results("trial", tuple(rows))
    figure = plots.comparison(results, scores(results))
    canvas: Any = figure.canvas
    (axis,), renderer = figure.axes, canvas.get_renderer()
    figure.draw_without_rendering()
    text = axis.texts[0].get_window_extent(renderer)
    dots = [line for line in axis.get_lines() if line.get_marker() == "."]
    assert len(dots) == 1
    whiskers: Any = axis.collections
    seen = [max(np.asarray(dots[0].get_xdata())), whiskers[0].get_segments()[0][1, 0]]
    rightmost = axis.transData.transform((max(seen), 0))[0]
    assert text.x0 > rightmost + 3
    assert text.x1 <= figure.bbox.x1


def test_a_finding_is_marked_where_the_runs_have_other_settings(results):
    about = "Which?\n\nCommand  make `it`\nFinding  The first\n         by `far`."
    own, other = (
        page.section("trial", about, results, scores(results), [], settings)
        for settings in ("", "`--full` `duration 2epochs`")
    )
    assert "<p><b>Finding</b> The first by <code>far</code>.</p>" in own
    assert "<b>Finding</b> <em" in other
    assert "made with <code>--full</code> <code>duration 2epochs</code>:</em> The first by" in other
    assert "<b>Command</b> make <code>it</code></p>" in other
    assert "`" not in own + other


def test_no_two_of_many_variations_look_alike():
    assert len({tuple(sorted(plots.line_style(place).items())) for place in range(28)}) == 28


def test_means_stand_at_their_place_and_what_has_none_is_named(results):
    (axis,) = plots.comparison(results, scores(results)).axes
    means = [np.asarray(line.get_xdata())[0] for line in axis.get_lines() if line.get_marker() == "D"]
    assert means == pytest.approx([0.55, 0.4])
    assert [text.get_text() for text in axis.texts] == ["55.00 %", "40.00 %", "diverged"]
    low, high = axis.get_xlim()
    width = 12.706 * statistics.stdev([0.5, 0.6]) / math.sqrt(2)
    assert low < 0.55 - width < 0.55 + width < high


def test_a_page_stands_alone_and_escapes_what_it_quotes(results, tmp_path):
    def own(_: Results) -> Panel:
        return Panel("Own <b>", plots.curves(results), Table(["x", "y"], [["1 | 2", "<i>"]]))

    about = "Which? <script>\nCost  some\n      time"
    assert write_report(results, scores(results), tmp_path / "report", "trial", about, [own]) == []
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"table.md", "table.csv", "curves.png", "comparison.png", "panel-1.png", "index.html"}
    text = (tmp_path / "report/index.html").read_text()
    assert text.count('src="data:image/png;base64,') == text.count("<img") == 3
    assert "<script>" not in text
    assert "<p><b>Cost</b> some time</p>" in text
    assert "Own &lt;b&gt;" in text
    assert "<td>1 | 2</td><td>&lt;i&gt;</td>" in text
    assert "--only &#x27;a | b&#x27;" in text
    assert page.section_of(text).startswith("<section>")
    assert "### Own <b>" in (tmp_path / "report/table.md").read_text()


def test_any_runs_are_compared_by_where_they_lie(results, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lone = leave(tmp_path / "separate", "", 7, 0.7)
    (lone.folder / "summary.json").unlink()
    assert compare.main(["a/seed-0", "a/seed-1", "separate", "--folder", "out"]) == 0
    printed = capsys.readouterr().out
    assert "a         2  55.00 ± 7.07 %" in printed
    assert "separate  0" in printed
    assert (tmp_path / "out/index.html").exists()
    with pytest.raises(UserError, match="nothing is not a run"):
        compare.main(["a/seed-0", "nothing"])
    with pytest.raises(UserError, match="name the runs"):
        compare.main([])


def test_a_row_of_another_config_than_the_folder_has_not_ended(results):
    row = results.rows[0]
    assert row.ended
    assert not replace(row, config=replace(row.config, duration="31steps")).ended


def test_a_report_that_cannot_be_written_is_one_clear_error(results, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write .*file/report: Not a directory"):
        write_report(results, scores(results), tmp_path / "file" / "report", "title", "")
