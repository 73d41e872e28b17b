"""Results as a table with one row per variation, in Markdown for people and as CSV for programs."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence

from jaxcnn.report import Results, Row, mean_and_deviation
from jaxcnn.report.columns import columns
from jaxcnn.report.table import Table

COLUMNS = {
    "test_accuracy": "test accuracy",
    "validation_accuracy": "validation accuracy",
    "test_loss": "test loss",
    "wall_seconds": "seconds",
    "parameters": "parameters",
}
"""Fields of a summary and their column titles."""


def records(results: Results) -> list[dict[str, str | int | float]]:
    """One record per variation: n, mean and standard deviation over seeds, divergence, parameters, command."""
    return [_record(results, label) for label in results.labels]


def _record(results: Results, label: str) -> dict[str, str | int | float]:
    rows = results.of(label)
    record: dict[str, str | int | float] = {"label": label, "n": len(results.values(label, "test_accuracy"))}
    for name in COLUMNS:
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


def percent(mean: float, deviation: float) -> str:
    return f"{100 * mean:.2f} %" if math.isnan(deviation) else f"{100 * mean:.2f} ± {100 * deviation:.2f} %"


def _number(mean: float, deviation: float) -> str:
    return f"{mean:.3f}" if math.isnan(deviation) else f"{mean:.3f} ± {deviation:.3f}"


def _seconds(mean: float, deviation: float) -> str:
    return f"{mean:,.1f}" if mean < 10 else f"{mean:,.0f}"


FORMATS: Mapping[str, Format] = {
    "test_accuracy": percent,
    "validation_accuracy": percent,
    "test_loss": _number,
    "wall_seconds": _seconds,
    "parameters": lambda mean, _: f"{mean:,.0f}",
}


def cells(record: Mapping[str, str | int | float]) -> list[str]:
    """A record as the cells of a row: label, n, each column; divergence replaces the accuracy."""
    written = [str(record["label"]), str(record["n"])]
    for name, written_as in FORMATS.items():
        mean, deviation = float(record[name]), float(record.get(f"{name}_std", math.nan))
        written.append("" if math.isnan(mean) else written_as(mean, deviation))
    if record["diverged"]:
        written[2] = f"{written[2]} ({record['diverged']})" if written[2] else str(record["diverged"])
    return written


def header() -> list[str]:
    return ["", "n", *COLUMNS.values()]


def table(results: Results) -> Table:
    """One row per variation."""
    return Table(header(), [cells(record) for record in records(results)])


def to_markdown(results: Results) -> str:
    """The table of a sweep, its data, and the command of each row."""
    lines = [record for record in records(results) if record["command"]]
    commands = "".join(f"- {record['label']}: `{record['command']}`\n" for record in lines)
    return f"{table(results).to_markdown()}\n{caption(results)}\n" + (f"\n{commands}" if commands else "")


def on_terminal(results: Results) -> str:
    """The table as aligned text."""
    return columns(header(), [cells(record) for record in records(results)])


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
