"""`python -m jaxcnn compare runs/a runs/b ...`: table and curves of any runs; the seeds of a sweep are grouped."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tyro

from jaxcnn.errors import UserError
from jaxcnn.paths import user_path
from jaxcnn.report import Results, Row
from jaxcnn.report.scores import scores
from jaxcnn.report.tables import on_terminal
from jaxcnn.report.write import write_report
from jaxcnn.runs.folder import read_config


@dataclass(frozen=True)
class Comparison:
    """Table and curves of any runs."""

    runs: tyro.conf.Positional[tuple[str, ...]]
    """Folders of runs."""
    folder: str = "runs/compare"
    """Where the report goes."""
    metric: str = ""
    """Field of a summary that bars are drawn by. Default: the test metric of the runs' task."""


def main(argv: list[str]) -> int:
    """Compares the runs that a command line names; returns the exit status.

    Raises: UserError if there are none, or if a folder is not a run that has started.
    """
    chosen = tyro.cli(Comparison, args=argv, prog="python -m jaxcnn compare")
    results = compare([user_path(run) for run in chosen.runs], chosen.metric)
    folder = user_path(chosen.folder)
    seen = scores(results)
    write_report(results, seen, folder, "comparison", "")
    print(on_terminal(results, seen))
    print(f"report  {folder / 'index.html'}  (table.md, table.csv, curves.png, comparison.png)")
    return 0


def compare(paths: Sequence[Path], metric: str = "") -> Results:
    """The runs in the folders `paths` side by side, finished or not.

    Raises: UserError if there are none, or if a folder is not a run that has started.
    """
    if not paths:
        raise UserError("name the runs to compare: python -m jaxcnn compare runs/a runs/b")
    rows = tuple(map(_row, _labels(paths), paths))
    known = [row.summary["metric"] for row in rows if row.summary]
    return Results("compare", rows, metric or f"test_{known[0] if known else 'accuracy'}")


def _row(label: str, path: Path) -> Row:
    for name in ("config.json", "data.json"):
        if not (path / name).exists():
            raise UserError(f"{path} is not a run that has started: it has no {name}")
    config = read_config(path)
    return Row(label, config.seed, replace(config, folder=str(path)))


def _labels(paths: Sequence[Path]) -> list[str]:
    """The path of each run below their common folder, without a sweep's `seed-N`."""
    homes = [path.parent if re.fullmatch(r"seed-\d+", path.name) else path for path in map(Path.absolute, paths)]
    shared = os.path.commonpath([home.parent for home in homes])
    return [home.relative_to(shared).as_posix() for home in homes]
