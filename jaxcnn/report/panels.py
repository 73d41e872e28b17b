"""Panels and figures that more than one experiment shows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jaxcnn.measures import PERCENT
from jaxcnn.report import Panel, Results, Row, mean_and_deviation
from jaxcnn.report.plots import COLORS, line_style, new_figure, points
from jaxcnn.report.scores import scores
from jaxcnn.report.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def gap(results: Results) -> Panel:
    """Accuracy on the images that trained (as they were trained on) and on those that did not, at the tested step."""
    lines, bars = [], []
    for label in results.labels:
        rows = [row for row in results.of(label) if row.summary]
        if not rows:
            continue
        train = mean_and_deviation([seen for row in rows if (seen := row.trained("accuracy")) is not None])
        validation = mean_and_deviation([row.summary["validation_accuracy"] for row in rows])
        lines.append([label, PERCENT(*train), PERCENT(*validation), f"{100 * (train[0] - validation[0]):.1f}"])
        bars.append((train[0], validation[0]))
    figure, (axis,) = new_figure(8, 1.4 + 0.4 * len(lines))
    places = np.arange(len(lines))
    for offset, column, color in ((-0.2, 0, COLORS[0]), (0.2, 1, COLORS[1])):
        label = ("training", "validation")[column]
        axis.barh(places + offset, [100 * pair[column] for pair in bars], 0.38, color=color, label=label)
    axis.set(yticks=places, yticklabels=[line[0] for line in lines], xlabel="accuracy (%)")
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    figure.legend(loc="outside upper right", ncols=2, frameon=False)
    return Panel("Training against validation", figure, Table(["", "training", "validation", "gap (points)"], lines))


def equal_time(results: Results) -> Panel:
    """Validation accuracy over processor time, and when all had trained as long as the quickest did in all.

    The first seed of each variation; of a group only the best one.
    """
    labels = [label for group in results.groups if (label := scores(results).best(group))] or results.labels
    rows = {label: row for label in labels for row in results.of(label)[:1] if row.summary}
    limit = min(row.summary["cpu_seconds"] for row in rows.values())
    figure, (axis,) = new_figure(9, 4)
    lines = []
    for place, (label, row) in enumerate(rows.items()):
        seen = dict(_validated(row))
        style = {**line_style(place), **points(len(seen))}
        axis.semilogx(list(seen), [100 * accuracy for _, accuracy in seen.values()], label=label, **style)
        then = [entry for time, entry in seen.items() if time <= limit]
        reached = f"{100 * then[-1][1]:.2f} %" if then else "less than one evaluation"
        epochs = f"{then[-1][0] / row.steps_per_epoch:.1f}" if then else ""
        at_the_end = f"{100 * row.summary['validation_accuracy']:.2f} %"
        lines.append([label, epochs, reached, at_the_end, f"{row.summary['cpu_seconds']:,.0f}"])
    axis.axvline(limit, color="lightgray", zorder=0)
    axis.set(xlabel="processor time, with compilation (s)", ylabel="validation accuracy (%)")
    axis.xaxis.set_major_formatter("{x:g}")
    figure.legend(loc="outside right upper", frameon=False)
    head = ["", f"epochs in {limit:.0f} CPU seconds", "validation then", "validation at the end", "CPU seconds"]
    return Panel("At equal time", figure, Table(head, lines))


def _validated(row: Row) -> Iterator[tuple[float, tuple[int, float]]]:
    """(processor time, (step, accuracy)) of each evaluation; the time is that of the training metrics before it."""
    time = 0.0
    for entry in row.history:
        time = entry.get("cpu_seconds", time)
        if entry["split"] == "validation":
            yield time, (entry["step"], entry["accuracy"])


def contact_sheet(rows: Mapping[str, Sequence[np.ndarray]], heads: Sequence[str] = (), side: float = 0.85) -> "Figure":
    """Rows of pictures [H, W, 3] in 0 ... 255, each row under its name; `heads` stand above the columns."""
    columns = max(map(len, rows.values()))
    figure, _ = new_figure(2 + side * columns, side * len(rows) + 0.2 + 0.2 * bool(heads))
    figure.clear()
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for line, (name, pictures) in zip(grid, rows.items(), strict=True):
        for axis in line:
            axis.set_axis_off()
        for axis, picture in zip(line, pictures, strict=False):
            axis.imshow(np.clip(np.round(picture), 0, 255).astype(np.uint8), interpolation="nearest")
        line[0].text(-0.15, 0.5, name, transform=line[0].transAxes, ha="right", va="center")
    for axis, head in zip(grid[0], heads, strict=False):
        axis.set_title(head, fontsize=9)
    return figure
