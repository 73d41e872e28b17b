import io
import re
from types import SimpleNamespace

import pytest

from jaxcnn.console import progress
from jaxcnn.console import terminal as terminal_module
from jaxcnn.console.progress import MEASURED_STEPS, ProgressBar


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_terminal_of_any_width_shows_steps_and_time_left(monkeypatch, width):
    written = io.StringIO()
    console = type(progress.console)(file=written, force_terminal=True, width=width, soft_wrap=True)
    monkeypatch.setattr(progress, "console", console)
    monkeypatch.setattr(progress, "shows_in_place", lambda: True)
    with ProgressBar(64000, 0, 128) as bar:
        for step in range(1, 41):
            bar.update(step, "loss 2.345  accuracy 45.12%  validation 44.00%")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.getvalue())
    last = shown.replace("\r", "\n").strip().splitlines()[-1]
    assert len(last) <= width
    assert "40/64000" in last
    assert re.search(r"\d:\d\d:\d\d|-:--:--", last)
    assert "loss" in last
    assert ("images/s" in last) == (width >= 120)


@pytest.mark.parametrize(
    ("terminal", "notebook", "widgets", "moves"),
    [(True, False, False, True), (False, True, True, True), (False, True, False, False), (False, False, True, False)],
)
def test_a_bar_moves_on_a_terminal_and_in_a_notebook_with_widgets(monkeypatch, terminal, notebook, widgets, moves):
    monkeypatch.setattr(terminal_module, "find_spec", lambda name: object() if widgets else None)
    monkeypatch.setattr(terminal_module, "console", SimpleNamespace(is_terminal=terminal, is_jupyter=notebook))
    assert terminal_module.shows_in_place() == moves


def test_a_rate_needs_steps_to_be_measured_on():
    bar = ProgressBar(100, 5, 32)
    bar.update(6, "")
    assert [bar.rate(step) is None for step in (6, 7, 5 + MEASURED_STEPS, 6 + MEASURED_STEPS)] == [True] * 3 + [False]


def test_an_evaluation_is_shown_now_and_then(monkeypatch):
    said = []
    monkeypatch.setattr(progress, "say", said.append)
    bar = ProgressBar(100, 100, 32)
    bar.evaluating("test", 128, 10000)
    assert said == []
    monkeypatch.setattr(progress, "PLAIN_SECONDS", 0)
    bar.evaluating("test", 256, 10000)
    assert said == ["test  256/10,000 images"]
