"""Results as a table with one row per variation, in Markdown for people and as CSV for programs."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence

from jaxcnn.measures import measure_of, metric_of, words
from jaxcnn.report import Results, Row, mean_and_deviation
from jaxcnn.report.columns import columns
from jaxcnn.report.table import Table


def fields(results: Results) -> dict[str, str]:
    """Fields of a summary, with the metric of the results first, and their column titles."""
    metric = metric_of(results.metric)
    names = [f"test_{metric}", f"validation_{metric}", "test_loss", "wall_seconds", "parameters"]
    return {name: "seconds" if name == "wall_seconds" else words(name) for name in names}


def records(results: Results) -> list[dict[str, str | int | float]]:
    """One record per variation: n, mean and standard deviation over seeds, divergence, parameters, command."""
    return [_record(results, label) for label in results.labels]


def _record(results: Results, label: str) -> dict[str, str | int | float]:
    rows = results.of(label)
    record: dict[str, str | int | float] = {"label": label, "n": len(results.values(label, "test_loss"))}
    for name in fields(results):
        mean, deviation = mean_and_deviation(results.values(label, name))
        record[name] = round(mean, 6)
        if name != "parameters":
            record[f"{name}_std"] = round(deviation, 6)
    return record | {"diverged": _diverged(rows), "command": results.commands.get(label, "")}


def _diverged(rows: Sequence[Row]) -> str:
    steps = [str(row.diverged) for row in rows if row.diverged is not None]
    if not steps:
        return ""
    which = "" if len(steps) == len(rows) else f"{len(steps)} of {len(rows)} "
    return f"{which}diverged at step {', '.join(steps)}"


def to_csv(results: Results) -> str:
    """CSV in which numbers that do not exist (the deviation of a single run) are empty."""
    lines = records(results)
    file = io.StringIO()
    writer = csv.DictWriter(file, lines[0].keys(), lineterminator="\n")
    writer.writeheader()
    for record in lines:
        writer.writerow({key: "" if _is_nan(value) else value for key, value in record.items()})
    return file.getvalue()


def _is_nan(value: str | int | float) -> bool:
    return isinstance(value, float) and math.isnan(value)


def from_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


Format = Callable[[float, float], str]


def _seconds(mean: float, deviation: float) -> str:
    return f"{mean:,.1f}" if mean < 10 else f"{mean:,.0f}"


FORMATS: Mapping[str, Format] = {
    "wall_seconds": _seconds,
    "parameters": lambda mean, _: f"{mean:,.0f}",
}


OTHERS = ("label", "n", "diverged", "command")
"""What a record says besides numbers."""


def cells(record: Mapping[str, str | int | float]) -> list[str]:
    """A record as the cells of a row: label, n, each column; divergence replaces the metric."""
    written = [str(record["label"]), str(record["n"])]
    for name in [name for name in record if name not in OTHERS and not name.endswith("_std")]:
        mean, deviation = float(record[name]), float(record.get(f"{name}_std", math.nan))
        written_as = FORMATS.get(name, measure_of(name))
        written.append("" if math.isnan(mean) else written_as(mean, deviation))
    if record["diverged"]:
        written[2] = f"{written[2]} ({record['diverged']})" if written[2] else str(record["diverged"])
    return written


def header(results: Results) -> list[str]:
    return ["", "n", *fields(results).values()]


def table(results: Results) -> Table:
    """One row per variation."""
    return Table(header(results), [cells(record) for record in records(results)])


def to_markdown(results: Results) -> str:
    """The table of a sweep, its data, and the command of each row."""
    lines = [record for record in records(results) if record["command"]]
    commands = "".join(f"- {record['label']}: `{record['command']}`\n" for record in lines)
    return f"{table(results).to_markdown()}\n{caption(results)}\n" + (f"\n{commands}" if commands else "")


def on_terminal(results: Results) -> str:
    """The table as aligned text."""
    return columns(header(results), [cells(record) for record in records(results)])


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
    return "Mean ± standard deviation over n seeds. " + "; ".join(lines) + "."
