"""What the runs of a sweep ended with, one line a run: all that tables and verdicts are made of."""

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from jaxcnn.errors import UserError
from jaxcnn.measures import metric_of
from jaxcnn.report import Results, Row

Measure = Callable[[Results, Row], float]
"""A number that an experiment reads from a finished run, which is one of the results."""

KEYS = ("label", "seed", "diverged")
"""What a line says besides numbers."""
OTHERS = ("parameters", "cpu_seconds")
"""Numbers that say what a run costs."""


@dataclass(frozen=True)
class Score:
    """One run that has ended."""

    label: str
    seed: int
    diverged: int | None
    """The step at which it diverged."""
    values: Mapping[str, float]
    """Fields of its summary, and what the experiment measures; empty where it diverged."""


@dataclass(frozen=True)
class Scores:
    """The runs of a sweep that have ended, in the order of its variations."""

    rows: tuple[Score, ...]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Name -> variations of which only the best one stands for it: an optimizer's rates."""

    @property
    def labels(self) -> list[str]:
        return list(dict.fromkeys(row.label for row in self.rows))

    @property
    def names(self) -> list[str]:
        """The numbers of which at least one run has one."""
        return list(dict.fromkeys(name for row in self.rows for name in row.values))

    def of(self, label: str) -> list[Score]:
        """The runs of one variation, one a seed; of a group, those of its best variation."""
        label = self.best(label) or label
        return [row for row in self.rows if row.label == label]

    def values(self, label: str, name: str) -> dict[int, float]:
        """Seed -> the number called `name`, of the runs of `label` that have it; `diverged` is 1 of those that did."""
        if name == "diverged":
            return {row.seed: float(row.diverged is not None) for row in self.of(label)}
        found = {row.seed: row.values[name] for row in self.of(label) if name in row.values}
        return {seed: value for seed, value in found.items() if math.isfinite(value)}

    def mean(self, label: str, name: str) -> float:
        """NaN where no run has it."""
        values = [row.values[name] for row in self.rows if row.label == label and name in row.values]
        return sum(values) / len(values) if values else math.nan

    def best(self, group: str) -> str | None:
        """The variation of a group with the highest mean validation metric, of those of which no run diverged."""
        chosen, highest = None, -math.inf
        for label in self.groups.get(group, ()):
            mean = self.mean(label, _validated(self.names))
            if mean > highest and not any(row.diverged is not None for row in self.rows if row.label == label):
                chosen, highest = label, mean
        return chosen

    def to_csv(self) -> str:
        """One line a run; numbers that it does not have are empty."""
        file = io.StringIO()
        writer = csv.DictWriter(file, (*KEYS, *self.names), lineterminator="\n", restval="")
        writer.writeheader()
        for row in self.rows:
            numbers = {name: f"{value:.10g}" for name, value in row.values.items()}
            at = "" if row.diverged is None else row.diverged
            writer.writerow({"label": row.label, "seed": row.seed, "diverged": at, **numbers})
        return file.getvalue()


def _validated(names: Sequence[str]) -> str:
    return next((name for name in names if name.startswith("validation_")), "")


def from_csv(text: str, groups: Mapping[str, Sequence[str]] | None = None) -> Scores:
    """The scores that `to_csv` wrote.

    Raises: UserError if this is something else.
    """
    lines = csv.DictReader(io.StringIO(text))
    if missing := set(KEYS) - set(lines.fieldnames or ()):
        raise UserError(f"this is not a table of runs: it has no column {sorted(missing)[0]!r}")
    try:
        return Scores(tuple(_row(line) for line in lines), groups or {})
    except (ValueError, TypeError) as error:
        raise UserError(f"a table of runs is damaged: {error}") from None


def _row(line: Mapping[str, str]) -> Score:
    values = {name: float(text) for name, text in line.items() if name not in KEYS and text}
    return Score(line["label"], int(line["seed"]), int(line["diverged"]) if line["diverged"] else None, values)


def scores(results: Results, measures: Mapping[str, Measure] | None = None) -> Scores:
    """Those of runs in their folders; each of `measures` is asked of every finished run."""
    return Scores(tuple(_scores(results, measures or {})), results.groups)


def _scores(results: Results, measures: Mapping[str, Measure]) -> Iterator[Score]:
    metric = metric_of(results.metric)
    names = (f"test_{metric}", f"validation_{metric}", f"train_{metric}", "test_loss", *OTHERS)
    for row in results.rows:
        known = row.summary
        if known:
            known = {**known, f"train_{metric}": row.trained(metric)}
            known |= {name: measure(results, row) for name, measure in measures.items()}
        values = {name: value for name in (*names, *measures) if _is_number(value := known.get(name))}
        yield Score(row.label, row.seed, row.diverged, values)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value)
