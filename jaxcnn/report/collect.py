"""`make results`: all finished sweeps on one page; their tables into experiments/results; the generated docs.

Run folders are not committed; the tables are small, and the numbers that the docs quote come from them.
"""

import ast
import math
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import tyro
from PIL import Image

from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.console.terminal import say
from jaxcnn.errors import UserError
from jaxcnn.json_files import read_json
from jaxcnn.measures import measure_of
from jaxcnn.report import mean_and_deviation
from jaxcnn.report.page import page, section_of
from jaxcnn.report.scores import Scores, from_csv
from jaxcnn.report.table import Table

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
    say(f"{len(homes)} sweeps: runs/results.html, {COMMITTED}, docs/results.md, docs/experiments.md")
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
    shrink(home / "comparison.png", committed / f"{name}.png")


def _seeds(table: Path) -> int:
    """How many runs the variation of a table has that has the most; diverged ones count. 0: there is no table."""
    if not table.exists():
        return 0
    return max(Counter(row.label for row in read(table).rows).values(), default=0)


def read(table: Path, groups: Mapping[str, Sequence[str]] | None = None) -> Scores:
    """The runs of a table that is committed."""
    return from_csv(table.read_text(encoding="utf-8"), groups)


def shrink(picture: Path, to: Path) -> None:
    """A picture in few colors, which git keeps for good."""
    with Image.open(picture) as opened:
        opened.convert("RGB").quantize(64).save(to, optimize=True)


def _complete(home: Path) -> bool:
    """Every run has ended, with the settings that the experiment states."""
    if not (home / "sweep.json").exists():
        return False
    about = read_json(home / "sweep.json", AGAIN)
    if missing := [name for name in ("runs", "ended", "changes") if name not in about]:
        raise UserError(f"{home / 'sweep.json'} is damaged: it has no {missing[0]!r}; {AGAIN}")
    if missing := [
        name for name in ("table.md", "table.csv", "comparison.png", "index.html") if not (home / name).is_file()
    ]:
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
        scores = read(path)
        tested = next((name for name in scores.names if name.startswith("test_")), "")
        ranked = [label for label in scores.labels if scores.values(label, tested)]
        ranked.sort(key=lambda label: _rank(scores, label, tested))
        if ranked:
            link = f"[{path.stem}](../{COMMITTED}/{path.stem}.md)"
            counts = sorted({str(len(scores.values(label, tested))) for label in ranked})
            ends = (_metric(scores, label, tested) for label in (ranked[-1], ranked[0]))
            lines.append([link, str(len(scores.labels)), "-".join(counts), *ends])
    return Table(["sweep", "variations", "n", "highest", "lowest"], lines).to_markdown()


def experiments(folder: Path) -> str:
    """Two tables: the sweeps and the recipes, each with its command and the first line of its docstring."""
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}
    titles = {name: (ast.get_docstring(ast.parse(source)) or "").splitlines() for name, source in sources.items()}
    sweeps = [[f"`make sweep-{n}`", titles[n][0]] for n, source in sources.items() if "\nSWEEP = " in source]
    recipes = [[f"`python -m experiments.{n}`", titles[n][0]] for n, s in sources.items() if "\nCONFIG = " in s]
    tables = Table(["command", "question"], sweeps, 2), Table(["command", "recipe"], recipes, 2)
    return "\n".join(table.to_markdown() for table in tables)


def _rank(scores: Scores, label: str, tested: str) -> float:
    validated = scores.mean(label, tested.replace("test_", "validation_"))
    return scores.mean(label, tested) if math.isnan(validated) else validated


def _metric(scores: Scores, label: str, tested: str) -> str:
    seen = mean_and_deviation(list(scores.values(label, tested).values()))
    return f"{label}: {measure_of(tested)(*seen)}"


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
