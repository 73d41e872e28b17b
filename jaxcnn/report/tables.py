"""Results as a table with one row per variation, in Markdown for people and as text for a terminal."""

import math
from collections.abc import Callable, Mapping, Sequence

from jaxcnn.measures import measure_of, words
from jaxcnn.report import Results, mean_and_deviation
from jaxcnn.report.columns import columns
from jaxcnn.report.noise import Difference, paired
from jaxcnn.report.scores import OTHERS, Score, Scores
from jaxcnn.report.table import Table

Format = Callable[[float, float], str]

FORMATS: Mapping[str, Format] = {
    "cpu_seconds": lambda mean, _: f"{mean:,.1f}" if mean < 10 else f"{mean:,.0f}",
    "parameters": lambda mean, _: f"{mean:,.0f}",
}
TITLES = {"cpu_seconds": "CPU seconds"}


def table(results: Results, scores: Scores) -> Table:
    """One row per variation: n, each number, and the paired difference from its reference, if there are several."""
    names = [*(name for name in scores.names if name not in OTHERS), *OTHERS]
    compared = len(scores.labels) > 1
    head = ["", "n", *(TITLES.get(name, words(name)) for name in names)]
    if compared:
        head += [f"difference in {words(results.metric)} [95 %]", "from", "larger than noise"]
    rows = []
    for label in scores.labels:
        cells = _cells(scores.of(label), names)
        rows.append([label, *cells, *(_compared(results, scores, label) if compared else [])])
    return Table(head, rows)


def _cells(rows: Sequence[Score], names: Sequence[str]) -> list[str]:
    """n and each number; divergence stands in the place of the first."""
    cells = [str(sum(bool(row.values) for row in rows))]
    for name in names:
        mean, deviation = mean_and_deviation([row.values[name] for row in rows if name in row.values])
        cells.append("" if math.isnan(mean) else FORMATS.get(name, measure_of(name))(mean, deviation))
    if diverged := _diverged(rows):
        cells[1] = f"{cells[1]} ({diverged})" if cells[1] else diverged
    return cells


def _diverged(rows: Sequence[Score]) -> str:
    steps = [str(row.diverged) for row in rows if row.diverged is not None]
    if not steps:
        return ""
    which = "" if len(steps) == len(rows) else f"{len(steps)} of {len(rows)} "
    return f"{which}diverged at step {', '.join(steps)}"


def _compared(results: Results, scores: Scores, label: str) -> list[str]:
    reference = results.reference(label)
    if reference == label:
        return ["", "", ""]
    seen = paired(scores.values(label, results.metric), scores.values(reference, results.metric))
    return [written(seen, results.metric), reference, larger_than_noise(seen)]


def written(difference: Difference | None, metric: str) -> str:
    """`+1.20 [+0.35, +2.05]` in the units of the metric, percentages in points."""
    if difference is None:
        return ""
    measure = measure_of(metric)
    numbers = (difference.mean, difference.low, difference.high)
    mean, low, high = (f"{measure.factor * x:+.{measure.digits}f}" for x in numbers)
    return mean if math.isnan(difference.low) else f"{mean} [{low}, {high}]"


def larger_than_noise(difference: Difference | None) -> str:
    """Whether a difference is larger than noise, in a word."""
    if difference is None or math.isnan(difference.low):
        return "not known"
    return "yes" if difference.beyond_noise else "no"


def to_markdown(results: Results, scores: Scores) -> str:
    """The table of a sweep, its data, and the command of each row."""
    commands = "".join(
        f"- {label}: `{results.commands[label]}`\n" for label in results.labels if label in results.commands
    )
    return f"{table(results, scores).to_markdown()}\n{caption(results)}\n" + (f"\n{commands}" if commands else "")


def on_terminal(results: Results, scores: Scores) -> str:
    """The table as aligned text."""
    shown = table(results, scores)
    return columns(shown.head, shown.rows)


def caption(results: Results) -> str:
    """What the numbers mean, and the data they were measured on."""
    seen: dict[tuple[str, str], set[int]] = {}
    for data in [row.data for row in results.rows if row.data]:
        images = f"{data['validation']:,} validation, {data['test']:,} test"
        seen.setdefault((f"{data['name']} {data['version']} ({data['digest']})", images), set()).add(data["train"])
    lines = [
        f"Data: {name}, {' / '.join(f'{n:,}' for n in sorted(train))} train, {images}"
        for (name, images), train in sorted(seen.items())
    ]
    return (
        "Mean ± standard deviation over n seeds; differences are paired by seed, with Student's 95 % interval. "
        + "; ".join(lines)
        + "."
    )
