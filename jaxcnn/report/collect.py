"""`make results`: all finished sweeps on one page; their tables into experiments/results; the generated docs.

Run folders are not committed; the tables are small, and the numbers that the docs quote come from them.
"""

import ast
import shutil
from collections.abc import Mapping
from pathlib import Path

import tyro

from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.console.terminal import say
from jaxcnn.errors import UserError
from jaxcnn.json_files import read_json
from jaxcnn.measures import measure_of
from jaxcnn.report.page import page, section_of
from jaxcnn.report.table import Table
from jaxcnn.report.tables import from_csv

COMMITTED = Path("experiments/results")
AGAIN = "run the sweep again: it repeats no finished run, and writes it"


def main(root: tyro.conf.Positional[Path] = Path()) -> int:
    """Gathers the sweeps in `root`/runs.

    Raises: UserError if there is none.
    """
    homes = [home for home in sorted(root.glob("runs/sweep-*")) if _complete(home)]
    if not homes:
        raise UserError(f"there is no finished sweep in {root / 'runs'}: run one first (make sweep-NAME)")
    names = {home: home.name.removeprefix("sweep-") for home in homes}
    committed = root / COMMITTED
    committed.mkdir(parents=True, exist_ok=True)
    for home, name in names.items():
        _commit(home, committed, name)
    sections = {name: section_of((home / "index.html").read_text(encoding="utf-8")) for home, name in names.items()}
    (root / "runs/results.html").write_text(page("Results", sections), encoding="utf-8")
    write_docs(root)
    say(f"{len(homes)} sweeps: runs/results.html, {COMMITTED}/*.md and *.csv, docs/results.md, docs/experiments.md")
    return 0


def _commit(home: Path, committed: Path, name: str) -> None:
    """Copies the tables of a sweep, unless what is committed is of more seeds."""
    ours, theirs = _seeds(home / "table.csv"), _seeds(committed / f"{name}.csv")
    if ours < theirs:
        say(
            f"kept: {committed / name}.csv, of {theirs} seeds a variation, where {home} has {ours}; to replace it: "
            f"make sweep-{name.removesuffix('-full')} SEEDS={theirs}{' FULL=1' * name.endswith('-full')}"
        )
        return
    for kind in ("md", "csv"):
        shutil.copyfile(home / f"table.{kind}", committed / f"{name}.{kind}")


def _seeds(table: Path) -> int:
    """How many runs the variation of a table has that has the most; diverged ones count. 0: there is no table."""
    if not table.exists():
        return 0
    return max((_runs(record) for record in from_csv(table.read_text(encoding="utf-8"))), default=0)


def _runs(record: Mapping[str, str]) -> int:
    diverged = record.get("diverged", "").partition("diverged at step ")[2]
    return int(record["n"]) + len(diverged.split(", ") if diverged else [])


def _complete(home: Path) -> bool:
    """Every run has ended, with the settings that the experiment states."""
    if not (home / "sweep.json").exists():
        return False
    about = read_json(home / "sweep.json", AGAIN)
    if missing := [name for name in ("runs", "ended", "changes") if name not in about]:
        raise UserError(f"{home / 'sweep.json'} is damaged: it has no {missing[0]!r}; {AGAIN}")
    if missing := [name for name in ("table.md", "table.csv", "index.html") if not (home / name).is_file()]:
        raise UserError(f"{home} has no {missing[0]}; {AGAIN}")
    if about["ended"] < about["runs"]:
        say(f"left out: {home}, where {about['ended']} of {about['runs']} runs have ended")
    elif about["changes"]:
        say(f"left out: {home}, whose settings were changed: {about['changes']}")
    return about["ended"] == about["runs"] and not about["changes"]


def write_docs(root: Path) -> None:
    """Replaces the generated parts of the docs."""
    _replace(root / "docs/results.md", "sweeps", overview(root / COMMITTED))
    _replace(root / "docs/experiments.md", "experiments", experiments(root / "experiments"))


def overview(committed: Path) -> str:
    """For each committed sweep, the variations with the highest and the lowest metric, on validation if it has any."""
    lines = []
    for path in sorted(committed.glob("*.csv")):
        records = from_csv(path.read_text(encoding="utf-8"))
        finished = [record for record in records if int(record["n"])]
        ranked = sorted(finished, key=_rank)
        if ranked:
            link = f"[{path.stem}](../{COMMITTED}/{path.stem}.md)"
            counts = sorted({record["n"] for record in finished})
            lines.append([link, str(len(records)), "-".join(counts), _metric(ranked[-1]), _metric(ranked[0])])
    return Table(["sweep", "variations", "n", "highest", "lowest"], lines).to_markdown()


def experiments(folder: Path) -> str:
    """Two tables: the sweeps and the recipes, each with its command and the first line of its docstring."""
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    titles = {name: (ast.get_docstring(ast.parse(source)) or "").splitlines() for name, source in sources.items()}
    sweeps = [[f"`make sweep-{n}`", titles[n][0]] for n, source in sources.items() if "\nSWEEP = " in source]
    recipes = [[f"`python -m experiments.{n}`", titles[n][0]] for n, s in sources.items() if "\nCONFIG = " in s]
    tables = Table(["command", "question"], sweeps, 2), Table(["command", "recipe"], recipes, 2)
    return "\n".join(table.to_markdown() for table in tables)


def _rank(record: Mapping[str, str]) -> float:
    tested = _tested(record)
    return float(record[tested.replace("test_", "validation_")] or record[tested])


def _tested(record: Mapping[str, str]) -> str:
    """The column of a table that holds its metric on the test set."""
    return next(name for name in record if name.startswith("test_"))


def _metric(record: Mapping[str, str]) -> str:
    name = _tested(record)
    written = measure_of(name)(float(record[name]), float(record[f"{name}_std"] or "nan"))
    return f"{record['label']}: {written}"


def _replace(page: Path, name: str, text: str) -> None:
    """Replaces what is between the markers of `name` in a page."""
    begin, end = f"<!-- {name}: written by `make results` -->", f"<!-- end of {name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise UserError(f"{page} has no place for the {name}: expected the lines {begin} and {end}")
    page.write_text(f"{before}{begin}\n{text}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    exit_with(*outcome(lambda: tyro.cli(main, description=help_text(__doc__), prog="python -m jaxcnn.report.collect")))
