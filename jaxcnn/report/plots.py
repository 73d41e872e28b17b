"""Pictures of results: learning curves with bands over seeds, and means with their intervals.

Colors are those of Okabe & Ito (2008), which people who see few colors can tell apart; line styles tell the rest.
"""

import math
import statistics
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxcnn.measures import MEASURES, PERCENT, measure_of, metric_of, words
from jaxcnn.report import Results, Row
from jaxcnn.report.noise import interval
from jaxcnn.report.scores import Score, Scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
STYLES = ("-", "--", ":", "-.")


def new_figure(width: float, height: float, columns: int = 1, **options: Any) -> "tuple[Figure, Sequence[Axes]]":
    """An empty figure (inches) that needs no display, and its axes in one row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns, squeeze=False, **options)[0]
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.grid(alpha=0.25)
    return figure, axes


def line_style(place: int) -> dict[str, Any]:
    """Color and line style of the variation at `place`: 28 that differ."""
    return {"color": COLORS[place % len(COLORS)], "linestyle": STYLES[place // len(COLORS) % len(STYLES)]}


def points(count: int) -> dict[str, Any]:
    """The style of a curve of `count` points: a single one has no line to be seen by."""
    return {"marker": "o", "markersize": 5, "clip_on": False} if count == 1 else {}


def curves(results: Results) -> "Figure":
    """Training loss, training and validation metric; the band is one standard deviation.

    Against epochs; against steps where the duration of every run is given in them.
    """
    unit = "step" if all(row.config.duration.endswith("steps") for row in results.rows) else "epoch"
    figure, axes = new_figure(13, 4.2 + 0.18 * max(len(results.labels) - 16, 0), 3)
    metric = metric_of(results.metric)
    panels = (("train", "loss"), ("train", metric), ("validation", metric))
    for axis, (split, name) in zip(axes, panels, strict=True):
        for place, label in enumerate(results.labels):
            rows = results.of(label)
            ended = ", diverged" if all(row.diverged is not None for row in rows) else ""
            _curve(axis, rows, split, name, unit, {**line_style(place), "label": label + ended})
        axis.set(xlabel=unit, title=f"{'training' if split == 'train' else split} {words(name)}")
        axis.margins(x=0.01)
        axis.locator_params(axis="x", integer=True)
        if measure_of(name) is PERCENT:
            _percent(axis.yaxis)
    _clip_y_axis(axes[0])
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9)
    return figure


def _curve(axis: "Axes", rows: Sequence[Row], split: str, metric: str, unit: str, style: dict[str, Any]) -> None:
    """The mean over seeds where all have a value; a run that diverged ends with a cross."""
    series = [_series(row, split, metric, unit) for row in rows]
    shared = sorted(set.intersection(*(set(values) for values in series)))
    values = np.array([[each[place] for place in shared] for each in series])
    line = axis.plot(shared, values.mean(0) if shared else [], linewidth=1.6, **style, **points(len(shared)))[0]
    if len(rows) > 1 and shared:
        spread = values.std(0, ddof=1)
        axis.fill_between(
            shared, values.mean(0) - spread, values.mean(0) + spread, color=line.get_color(), alpha=0.18, linewidth=0
        )
    if shared and any(row.diverged is not None for row in rows):
        axis.plot(shared[-1], values.mean(0)[-1], marker="x", markersize=8, color=line.get_color())


def _series(row: Row, split: str, metric: str, unit: str) -> dict[float, float]:
    """Epoch or step -> metric; what is logged more often than ten times an epoch is averaged over tenths."""
    epoch = row.steps_per_epoch
    seen = [entry for entry in row.history if entry["split"] == split and metric in entry]
    parts = [list(part) for _, part in groupby(seen, lambda entry: math.ceil(entry["step"] / max(epoch // 10, 1)))]
    length = epoch if unit == "epoch" else 1
    return {
        part[-1]["step"] / length: statistics.fmean(entry[metric] for entry in part)
        for part in parts
        if metric in part[0]
    }


def _clip_y_axis(axis: "Axes") -> None:
    """A loss that explodes must not flatten the others: the axis ends a little above the highest that begins."""
    values = [np.asarray(line.get_ydata(), float) for line in axis.get_lines()]
    values = [v[np.isfinite(v)] for v in values]
    starts = [v[0] for v in values if len(v)]
    if starts and max(v.max() for v in values if len(v)) > 4 * np.median(starts):
        axis.set_ylim(top=1.5 * float(np.median(starts)), bottom=0)


def comparison(results: Results, scores: Scores) -> "Figure":
    """The metric of each variation: a dot a seed, and the mean with its 95 % interval; the line is the first's mean."""
    labels = scores.labels
    figure, (axis,) = new_figure(8, 1.2 + 0.36 * len(labels))
    for place, label in enumerate(labels):
        values = scores.values(label, results.metric)
        seen = interval(values)
        if seen is None:
            axis.text(0.01, place, _absent(scores.of(label)), transform=axis.get_yaxis_transform(), va="center")
            continue
        axis.plot(list(values.values()), [place] * len(values), ".", color=COLORS[5], markersize=7, zorder=2)
        half = 0.0 if math.isnan(seen.low) else seen.mean - seen.low
        axis.errorbar(seen.mean, place, xerr=half, fmt="D", color=COLORS[0], markersize=5, capsize=4, zorder=3)
        axis.annotate(
            _value(seen.mean, results.metric),
            (max(seen.mean + half, *values.values()), place),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    first = interval(scores.values(labels[0], results.metric))
    if first:
        axis.axvline(first.mean, color="gray", linewidth=0.8, linestyle="--", zorder=1)
    axis.set(yticks=range(len(labels)), yticklabels=labels, ylim=(len(labels) - 0.4, -0.6))
    axis.set(xlabel=words(results.metric), xlim=_limits(results, scores))
    if measure_of(results.metric) is PERCENT:
        _percent(axis.xaxis)
    axis.grid(axis="y", visible=False)
    return figure


def _absent(rows: Sequence[Score]) -> str:
    return "diverged" if any(row.diverged is not None for row in rows) else "not finished"


def _limits(results: Results, scores: Scores) -> tuple[float, float]:
    """From the lowest to the highest dot or interval, with room for the numbers."""
    edges = []
    for label in scores.labels:
        values = scores.values(label, results.metric)
        seen = interval(values)
        if seen:
            edges += [*values.values(), *(edge for edge in (seen.low, seen.high) if math.isfinite(edge))]
    low, high = min(edges, default=0.0), max(edges, default=1.0)
    width = high - low or abs(high) or 1.0
    return low - 0.04 * width, high + 0.16 * width


def _value(mean: float, metric: str) -> str:
    return measure_of(metric)(mean) if metric_of(metric) in MEASURES else f"{mean:.4g}"


def _percent(axis: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0))
