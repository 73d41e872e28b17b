"""Panels and figures that more than one experiment shows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jaxcnn.measures import PERCENT
from jaxcnn.report import Panel, Results, Row, mean_and_deviation
from jaxcnn.report.plots import COLORS, line_style, new_figure, points
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
    """Validation accuracy over the time of training, and when all had trained as long as the quickest did in all."""
    rows = {label: row for label in results.labels for row in results.of(label)[:1] if row.summary}
    limit = min(seconds(row, row.summary["steps"]) for row in rows.values())
    figure, (axis,) = new_figure(9, 4)
    lines = []
    for place, (label, row) in enumerate(rows.items()):
        entries = [entry for entry in row.history if entry["split"] == "validation"]
        times = [seconds(row, entry["step"]) for entry in entries]
        axis.semilogx(
            times,
            [100 * entry["accuracy"] for entry in entries],
            label=label,
            **line_style(place),
            **points(len(times)),
        )
        seen = [entry for entry, time in zip(entries, times, strict=True) if time <= limit]
        reached = f"{100 * seen[-1]['accuracy']:.2f} %" if seen else "less than one evaluation"
        epochs = f"{seen[-1]['step'] / row.steps_per_epoch:.1f}" if seen else ""
        at_the_end = f"{100 * row.summary['validation_accuracy']:.2f} %"
        lines.append([label, epochs, reached, at_the_end, f"{seconds(row, row.summary['steps']):,.0f}"])
    axis.axvline(limit, color="lightgray", zorder=0)
    axis.set(xlabel="seconds of training", ylabel="validation accuracy (%)")
    axis.xaxis.set_major_formatter("{x:g}")
    figure.legend(loc="outside right upper", frameon=False)
    head = ["", f"epochs in {limit:.0f} s", "validation then", "validation at the end", "seconds of training"]
    return Panel("At equal time", figure, Table(head, lines))


def seconds(row: Row, step: int) -> float:
    """How long a run had trained at `step`, without compilation and evaluation (with them if it had too few steps)."""
    speed = images_per_second(row)
    return step * row.config.batch_size / speed if speed else step * row.summary["wall_seconds"] / row.summary["steps"]


def images_per_second(row: Row) -> float | None:
    """The speed of a run as it was written last; None if it had too few steps to tell."""
    rates = [entry["images_per_second"] for entry in row.history if "images_per_second" in entry]
    return rates[-1] if rates else None


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
