"""The course: notebooks agree with their sources and both languages with each other, and every source runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from notebooks import build

ROOT = Path(__file__).parent.parent
SOURCES = build.sources()
QUICK = ("01", "02", "04")
"""Notebooks that take less than 5 seconds in the tiny setting."""


def marked(path: Path) -> object:
    slow = () if path.name.startswith(QUICK) else (pytest.mark.slow,)
    return pytest.param(path, id=path.stem, marks=slow)


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_the_notebook_is_made_from_its_source(path: Path):
    assert build.problems(path) == []


@pytest.mark.parametrize("path", [p for p in SOURCES if build.chinese(p).exists()], ids=lambda path: path.stem)
def test_the_chinese_edition_has_the_same_code_and_other_text(path: Path):
    english, chinese = build.read(path), build.in_chinese(path, build.read(path))
    assert [cell for cell in english if cell.kind == "code"] == [cell for cell in chinese if cell.kind == "code"]
    for ours, theirs in zip(english, chinese, strict=True):
        assert ours.kind == theirs.kind
        if ours.kind == "markdown":
            assert any("一" <= letter <= "鿿" for letter in theirs.text)
            assert ours.text.startswith("#") == theirs.text.startswith("#")


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_every_notebook_is_set_up_first_asks_and_ends_with_a_checked_exercise(path: Path):
    cells = build.read(path)
    code = [cell.text for cell in cells if cell.kind == "code"]
    text = [cell.text for cell in cells if cell.kind == "markdown"]
    assert code[0].startswith("from jaxcnn import notebook\n\nnotebook.setup(")
    assert sum("**Think first:**" in each for each in text) >= 3
    assert "## Exercise" in text[-1]
    assert "your turn" in code[-1]
    assert "assert" in code[-1]


@pytest.mark.parametrize("path", [marked(path) for path in SOURCES])
def test_every_notebook_runs_and_its_assertions_hold(path: Path, tmp_path: Path):
    set_up = {"JAXCNN_RUNTIME": "on", "JAXCNN_TINY": "1", "MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)}
    surroundings = {**os.environ, **set_up}
    command = [sys.executable, "-W", "ignore", str(path)]
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def test_training_is_silent_and_settings_are_changed(capfd: pytest.CaptureFixture[str]):
    from helpers.tiny import tiny_config
    from jaxcnn import notebook

    config = tiny_config(Path("never-written"))
    run = notebook.train(config, duration="2steps", optimizer__learning_rate=0.01, evaluate_every="0steps")
    assert run.config.optimizer.learning_rate == 0.01
    assert run.step == 2
    assert capfd.readouterr() == ("", "")
    assert not Path("never-written").exists()


def test_importing_the_module_imports_no_jax():
    command = [sys.executable, "-c", "import sys; from jaxcnn import notebook; print('jax' in sys.modules)"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout == "False\n"


def test_a_wrong_number_of_text_cells_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    (tmp_path / "zh").mkdir()
    source = tmp_path / "01_one.py"
    source.write_text("# %% [markdown]\n# # One\n#\n# Text.\n\n# %%\nx = 1\n")
    (tmp_path / "zh/01_one.md").write_text(f"{build.MARK}\n# 一\n{build.MARK}\n二\n")
    assert build.read(source) == [build.Cell("markdown", "# One\n\nText."), build.Cell("code", "x = 1")]
    with pytest.raises(ValueError, match="2 text cells"):
        build.problems(source)


def test_check_finds_cells_that_differ_errors_and_what_was_not_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import nbformat

    monkeypatch.setattr(build, "FOLDER", tmp_path)
    source = tmp_path / "01_one.py"
    source.write_text("# %%\nx = 1\n")
    assert build.problems(source) == ["01_one.ipynb is missing"]
    nbformat.write(build.notebook(build.read(source)), source.with_suffix(".ipynb"))
    assert build.problems(source) == ["01_one.ipynb was not executed"]
    error = nbformat.v4.new_output("error", ename="E", evalue="e", traceback=[])
    nbformat.write(build.notebook([build.Cell("code", "y")], [[error]]), source.with_suffix(".ipynb"))
    assert build.problems(source) == ["01_one.ipynb has other cells than 01_one.py", "01_one.ipynb shows an error"]
