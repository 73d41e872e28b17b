"""Pictures of results: learning curves with bands over seeds, and bars with error bars.

Colors are those of Okabe & Ito (2008), which people who see few colors can tell apart; line styles tell the rest.
"""

import math
import statistics
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxcnn.measures import MEASURES, PERCENT, measure_of, metric_of, words
from jaxcnn.report import Results, Row, mean_and_deviation

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


def bars(results: Results) -> "Figure":
    """The sweep's metric for each variation, one point a seed; the whisker is one standard deviation."""
    labels = results.labels
    figure, (axis,) = new_figure(8, 1.2 + 0.36 * len(labels))
    values = [results.values(label, results.metric) for label in labels]
    means, deviations = zip(*map(mean_and_deviation, values), strict=True)
    places = np.arange(len(labels))
    axis.barh(places, np.nan_to_num(means), xerr=deviations, color=COLORS[0], alpha=0.75, capsize=3)
    for place, seen in enumerate(values):
        if len(seen) > 1:
            axis.plot(seen, [place] * len(seen), ".", color="black", markersize=4)
    # A number stands beyond the whisker and all points.
    edges = [
        max([mean + np.nan_to_num(spread), *seen]) for mean, spread, seen in zip(means, deviations, values, strict=True)
    ]
    low, high = _limits(values, edges)
    axis.set(yticks=places, yticklabels=labels, xlabel=words(results.metric), xlim=(low, high))
    for place, mean in enumerate(means):
        text = _absent(results.of(labels[place])) if np.isnan(mean) else _value(mean, results.metric)
        edge = low if np.isnan(mean) else edges[place]
        axis.annotate(text, (edge, place), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9)
    if measure_of(results.metric) is PERCENT:
        _percent(axis.xaxis)
    axis.invert_yaxis()
    axis.margins(y=0.02)
    axis.grid(axis="y", visible=False)
    return figure


def _absent(rows: Sequence[Row]) -> str:
    return "diverged" if any(row.diverged is not None for row in rows) else "not finished"


def _limits(values: Sequence[Sequence[float]], edges: Sequence[float]) -> tuple[float, float]:
    """Bars start at zero; there is room for the numbers after their edges."""
    highest = max((edge for edge in edges if np.isfinite(edge)), default=1.0)
    lowest = min((min(seen) for seen in values if seen), default=0.0)
    return min(lowest, 0.0), highest * 1.16 if highest > 0 else 1.0


def _value(mean: float, metric: str) -> str:
    return measure_of(metric)(mean) if metric_of(metric) in MEASURES else f"{mean:.4g}"


def _percent(axis: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0))
