import io
import sys

import pytest

from helpers.processes import ROOT, run_command, run_program
from jaxcnn.console.entry import outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.errors import UserError


def fail(error):
    raise error


def test_an_outcome_is_a_status_and_a_message():
    assert outcome(lambda: 7) == (7, "")
    assert outcome(lambda: fail(UserError("what"))) == (2, "error: what")
    assert outcome(lambda: fail(KeyboardInterrupt()))[0] == 130
    with pytest.raises(ZeroDivisionError):
        outcome(lambda: fail(ZeroDivisionError()))


def test_output_that_is_not_utf_8_gets_a_question_mark(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    assert outcome(lambda: print("91.07 ± 0.12 %") or 0) == (0, "")
    assert written.getvalue() == b"91.07 ? 0.12 %\n"


PIPES = [
    "-m experiments.resnet20 --help",
    "-m experiments.optimizers --help",
    "-m jaxcnn models",
    "-m jaxcnn compare --help",
    "-m experiments.bench --help",
]


@pytest.mark.parametrize("command", PIPES)
def test_a_reader_who_leaves_early_is_no_error(command):
    """`true` reads nothing, so that every write fails."""
    shell = f"set -o pipefail; $PYTHON {command} | true"
    result = run_program(["bash", "-c", shell], ROOT, PYTHON=sys.executable)
    assert result.stderr == ""
    assert result.returncode == 0


@pytest.mark.parametrize("module", ["bench", "bench.startup", "bench.checkpoints", "bench.freezing"])
def test_help_of_a_benchmark_shows_help_and_runs_nothing(tmp_path, module):
    result = run_command(f"experiments.{module}", "--help", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"usage: python -m experiments.{module}")
    assert list(tmp_path.iterdir()) == []


def test_help_of_an_experiment_is_its_docstring_without_empty_lines_in_a_paragraph(tmp_path):
    shown = run_command("experiments.speedrun94", "--help", cwd=tmp_path, COLUMNS="100").stdout
    text = shown[: shown.index("╭")]
    assert "\n\n\n" not in text.rstrip()
    assert max(map(len, text.splitlines())) < 100
    assert "\n\nCommand   make train        (or: python -m experiments.speedrun94)\n          python -m" in text


def test_help_text_folds_paragraphs_and_labels_to_the_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "42")
    paragraph = "Words that run over more than one\n11.5 lines of forty"
    labels = "Cost      a minute on an idle\n          machine\nResult    none"
    assert help_text(f"A title.\n\n{paragraph}\n\n{labels}\n") == (
        "A title.\n\nWords that run over more than one 11.5\n  lines of forty\n\n"
        "Cost      a minute on an idle machine\n\nResult    none"
    )
    assert help_text(None) == ""
