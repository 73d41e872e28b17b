"""`make results`: all finished sweeps on one page, their tables into experiments/results, the best into the README.

Run folders stay where they are and are not committed; the tables are small, and what the README quotes comes from them.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxcnn.console.terminal import say
from jaxcnn.errors import UserError
from jaxcnn.report.page import page, section_of
from jaxcnn.report.tables import from_csv, markdown, percent
from jaxcnn.runs.folder import read_json

BEGIN, END = "<!-- sweeps: written by `make results` -->", "<!-- end of sweeps -->"
COMMITTED = Path("experiments/results")


def main(root: Path) -> int:
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
        for kind in ("md", "csv"):
            shutil.copyfile(home / f"table.{kind}", committed / f"{name}.{kind}")
    sections = {name: section_of((home / "index.html").read_text()) for home, name in names.items()}
    (root / "runs/results.html").write_text(page("Results", sections))
    _refresh(root / "README.md", overview(committed))
    say(f"{len(homes)} sweeps: runs/results.html, {COMMITTED}/*.md and *.csv, README.md")
    return 0


def _complete(home: Path) -> bool:
    """Every run has ended, with the settings that the experiment states."""
    if not (home / "sweep.json").exists():
        return False
    about = read_json(home / "sweep.json")
    if about["ended"] < about["runs"]:
        say(f"left out: {home}, where {about['ended']} of {about['runs']} runs have ended")
    elif about["changes"]:
        say(f"left out: {home}, whose settings were changed: {about['changes']}")
    return about["ended"] == about["runs"] and not about["changes"]


def overview(committed: Path) -> str:
    """The README's table: for each committed sweep the variations with the highest and lowest validation accuracy."""
    lines = []
    for path in sorted(committed.glob("*.csv")):
        records = from_csv(path.read_text())
        finished = [record for record in records if int(record["n"])]
        ranked = sorted(finished, key=lambda record: float(record["validation_accuracy"] or record["test_accuracy"]))
        if ranked:
            link = f"[{path.stem}]({COMMITTED}/{path.stem}.md)"
            counts = sorted({record["n"] for record in finished})
            lines.append([link, str(len(records)), "-".join(counts), _seen(ranked[-1]), _seen(ranked[0])])
    return markdown(["sweep", "variations", "n", "best", "lowest"], lines)


def _seen(record: Mapping[str, str]) -> str:
    deviation = float(record["test_accuracy_std"] or "nan")
    return f"{record['label']}: {percent(float(record['test_accuracy']), deviation)}"


def _refresh(readme: Path, table: str) -> None:
    if not readme.exists():
        return
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise UserError(f"{readme} has no place for the results: expected the lines {BEGIN} and {END}")
    readme.write_text(f"{before}{BEGIN}\n{table}{END}{after}")


def command(arguments: Sequence[str]) -> int:
    try:
        return main(Path(arguments[0] if arguments else "."))
    except UserError as error:
        say(f"error: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))
