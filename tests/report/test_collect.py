"""What is committed and what the docs quote."""

import json
from pathlib import Path

import pytest
from PIL import Image

from jaxcnn.errors import UserError
from jaxcnn.report import collect

CSV = """label,seed,diverged,test_accuracy,validation_accuracy
low,0,,0.39,0.41
low,1,,0.41,0.41
right,0,,0.58,0.63
right,1,,0.62,0.63
huge,0,3,,
huge,1,3,,
"""


def sweep(root: Path, name: str, ended: int, changes: dict | None = None) -> None:
    home = root / f"runs/sweep-{name}"
    home.mkdir(parents=True)
    (home / "table.csv").write_text(CSV)
    (home / "table.md").write_text("table")
    Image.new("RGB", (4, 4)).save(home / "comparison.png")
    (home / "index.html").write_text(f"<html><section>about {name}</section></html>")
    (home / "sweep.json").write_text(json.dumps({"runs": 6, "ended": ended, "changes": changes or {}}))


def pages(root: Path) -> None:
    """An experiment, and docs with places for the generated tables."""
    for folder in ("docs", "experiments"):
        (root / folder).mkdir()
    (root / "experiments/why.py").write_text('"""Why?\n\nBecause."""\nSWEEP = 1\n'.replace("SWEEP", "\nSWEEP"))
    for name, page in (("sweeps", "results"), ("experiments", "experiments")):
        marked = f"before\n<!-- {name}: written by `make results` -->\nold\n<!-- end of {name} -->\nafter\n"
        (root / f"docs/{page}.md").write_text(marked)


def test_finished_sweeps_as_stated_are_gathered(tmp_path, capsys):
    sweep(tmp_path, "done", 6)
    sweep(tmp_path, "half", 3)
    sweep(tmp_path, "changed", 6, {"duration": "1epochs"})
    pages(tmp_path)
    assert collect.main(tmp_path) == 0
    shown = (tmp_path / "docs/results.md").read_text()
    line = "| [done](../experiments/results/done.md) | 3 | 2 | right: 60.00 ± 2.83 % | low: 40.00 ± 1.41 % |\n"
    assert line in shown
    assert "old" not in shown
    assert shown.startswith("before\n")
    assert shown.endswith("\nafter\n")
    assert sorted(p.name for p in (tmp_path / collect.COMMITTED).iterdir()) == ["done.csv", "done.md", "done.png"]
    assert "| `make sweep-why` | Why? |" in (tmp_path / "docs/experiments.md").read_text()
    page = (tmp_path / "runs/results.html").read_text()
    assert "about done" in page
    assert "about half" not in page
    assert collect.main(tmp_path) == 0
    assert (tmp_path / "docs/results.md").read_text() == shown


ONE_SEED = "".join(line for line in CSV.splitlines(keepends=True) if ",1," not in line)


@pytest.mark.parametrize(
    ("before", "after", "kept"), [(CSV, ONE_SEED, True), (ONE_SEED, CSV, False), (CSV, CSV, False)]
)
def test_fewer_seeds_never_replace_more(tmp_path, before, after, kept, capsys):
    pages(tmp_path)
    sweep(tmp_path, "done", 6)
    home, committed = tmp_path / "runs/sweep-done", tmp_path / collect.COMMITTED
    committed.mkdir(parents=True)
    (committed / "done.csv").write_text(before)
    (committed / "done.md").write_text("old table")
    (home / "table.csv").write_text(after)
    assert collect.main(tmp_path) == 0
    assert (committed / "done.csv").read_text() == (before if kept else after)
    assert (committed / "done.md").read_text() == ("old table" if kept else "table")
    said = " ".join(capsys.readouterr().err.split())
    assert ("of 2 seeds a variation" in said) == kept
    assert ("make sweep-done SEEDS=2" in said) == kept


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda home: (home / "sweep.json").write_text("{}"), "sweep.json is damaged: it has no 'runs'; run the sweep"),
        (lambda home: (home / "sweep.json").write_text("[]"), "sweep.json cannot be read: it holds a list"),
        (lambda home: (home / "table.md").unlink(), "has no table.md; run the sweep again"),
    ],
)
def test_a_damaged_sweep_is_one_clear_error(tmp_path, spoil, message):
    sweep(tmp_path, "done", 6)
    spoil(tmp_path / "runs/sweep-done")
    with pytest.raises(UserError, match=message):
        collect.main(tmp_path)


def test_no_finished_sweep_is_one_clear_error(tmp_path):
    with pytest.raises(UserError, match="no finished sweep"):
        collect.main(tmp_path)
