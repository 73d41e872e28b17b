"""The report of a sweep in its folder: tables, pictures, one page."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from jaxcnn.paths import writing
from jaxcnn.report import Panel, Results, page, plots, tables, verdicts
from jaxcnn.report.claims import Claim
from jaxcnn.report.scores import Scores


def write_report(
    results: Results,
    scores: Scores,
    folder: Path,
    title: str,
    about: str,
    panels: Sequence[Callable[[Results], Panel]] = (),
    other: str = "",
    claims: Sequence[Claim] = (),
) -> list[str]:
    """Writes table.md, table.csv, curves.png, comparison.png, a picture for each panel, and index.html.

    `claims` are judged by the scores. `other` says with which settings the runs were made, if not with those that
    `about` is of.

    Returns the errors of the experiment's own panels; the rest is written regardless.
    Raises: UserError if the folder cannot be written.
    """
    problems: list[str] = []
    shown = [
        Panel("Learning curves", plots.curves(results)),
        Panel("Comparison", plots.comparison(results, scores)),
    ]
    own = list(_own(results, panels, problems))
    files = ["curves.png", "comparison.png", *(f"panel-{place}.png" for place in range(1, len(own) + 1))]
    judged = [Panel("Expected, and seen", table=verdicts.table(claims, scores, results.metric))] if claims else []
    pictures = {name: panel.figure for panel, name in zip([*shown, *own], files, strict=True) if panel.figure}
    extra = "".join(
        f"\n### {panel.title}\n\n{panel.table.to_markdown().strip()}\n" for panel in [*judged, *own] if panel.table
    )
    document = page.page(title, {title: page.section(title, about, results, scores, [*judged, *shown, *own], other)})
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in pictures.items():
            (folder / name).write_bytes(page.png(figure))
        (folder / "table.md").write_text(tables.to_markdown(results, scores) + extra, encoding="utf-8")
        (folder / "table.csv").write_text(scores.to_csv(), encoding="utf-8")
        (folder / "index.html").write_text(document, encoding="utf-8")
    return problems


def _own(results: Results, panels: Sequence[Callable[[Results], Panel]], problems: list[str]) -> Iterator[Panel]:
    for draw in panels:
        try:
            yield draw(results)
        except Exception as error:  # an error in one picture must not lose the tables of an hour's training
            problems.append(f"the panel {draw.__name__} failed: {type(error).__name__}: {error}")
