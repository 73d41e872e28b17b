"""Runs read back for tables and pictures: rows of a sweep, or any runs that are compared.

Light to import: an experiment's panels are written against it, and `--help` reads them.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxcnn.config import Config, folder_of
from jaxcnn.config_json import differences
from jaxcnn.errors import UserError
from jaxcnn.report.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jaxcnn.runs.load import Run

AGAIN = "move it away; the same command trains the run again"
DIVERGED = "diverged.json"
"""File in the folder of a diverged run: the step whose loss was not finite."""


@dataclass(frozen=True)
class Panel:
    """A picture, a table, or both, of what an experiment found."""

    title: str
    figure: "Figure | None" = None
    table: Table | None = None


@dataclass(frozen=True)
class Row:
    """One run: its label, its config, and the present content of its folder."""

    label: str
    seed: int
    config: Config

    @property
    def folder(self) -> Path:
        return folder_of(self.config)

    @property
    def summary(self) -> dict[str, Any]:
        """The summary of a finished run; empty where it is not."""
        from jaxcnn.runs.folder import finished

        return finished(self.config) or {}

    @property
    def diverged(self) -> int | None:
        """The step at which the run diverged, if it did."""
        from jaxcnn.json_files import read_json
        from jaxcnn.runs.folder import read_config

        path = self.folder / DIVERGED
        if not path.exists() or differences(self.config, read_config(self.folder)):
            return None
        step = read_json(path, AGAIN).get("step")
        if type(step) is not int:
            raise UserError(f"{path} is damaged: it has no step; {AGAIN}")
        return step

    @property
    def ended(self) -> bool:
        """Finished or diverged: there is nothing left to run."""
        return bool(self.summary) or self.diverged is not None

    @property
    def history(self) -> list[dict[str, Any]]:
        """The rows of metrics.jsonl: step, split (train, validation, test) and metrics."""
        from jaxcnn.console.log import read_rows

        return read_rows(self.folder / "metrics.jsonl")

    @property
    def data(self) -> dict[str, Any]:
        """What data.json says; empty before the run has started."""
        from jaxcnn.runs.folder import read_data

        return asdict(read_data(self.folder)) if (self.folder / "data.json").exists() else {}

    @property
    def environment(self) -> dict[str, Any]:
        """Command, versions and machine; empty before the run has started."""
        from jaxcnn.json_files import read_json

        path = self.folder / "environment.json"
        return read_json(path) if path.exists() else {}

    def trained(self, metric: str) -> float | None:
        """A training metric as it was written last before the step that was tested."""
        step = self.summary["tested_step"]
        seen = [entry for entry in self.history if entry["split"] == "train" and entry["step"] <= step]
        return seen[-1].get(metric) if seen else None

    @property
    def steps_per_epoch(self) -> int:
        return max(self.data["train"] // self.config.batch_size, 1)

    def run(self) -> "Run":
        """The trained network."""
        from jaxcnn.runs.load import load

        return load(self.folder)


@dataclass(frozen=True)
class Results:
    """The runs of a sweep that have ended, in the order of its variations."""

    name: str
    rows: tuple[Row, ...]
    metric: str = "test_accuracy"
    commands: Mapping[str, str] = field(default_factory=dict)
    """Label -> the command that makes its runs."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Label -> the one it is compared with. Default: the first."""
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Name -> variations of which only the best one stands for it: an optimizer's rates."""

    @property
    def labels(self) -> list[str]:
        return list(dict.fromkeys(row.label for row in self.rows))

    def reference(self, label: str) -> str:
        """The variation that one is compared with."""
        return self.references.get(label, self.labels[0])

    def of(self, label: str) -> list[Row]:
        """The runs of one variation, one per seed."""
        return [row for row in self.rows if row.label == label]

    def values(self, label: str, name: str) -> list[float]:
        """A field of the summaries of one variation's finished runs."""
        return [row.summary[name] for row in self.of(label) if row.summary.get(name) is not None]


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation; NaN if there are too few values."""
    mean = statistics.fmean(values) if values else float("nan")
    return mean, statistics.stdev(values) if len(values) > 1 else float("nan")
