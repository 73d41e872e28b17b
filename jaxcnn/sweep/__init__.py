"""A sweep is data: a base config, named variations, seeds. Nothing here imports JAX; `jaxcnn.sweep.launch` runs it."""

import itertools
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from jaxcnn.config import Config
from jaxcnn.config_json import changed
from jaxcnn.errors import UserError, did_you_mean
from jaxcnn.paths import user_path
from jaxcnn.report import Panel, Results, Row
from jaxcnn.report.claims import Claim
from jaxcnn.report.scores import Measure

Changes = Mapping[str, Any]
"""Dotted settings and their values: {"optimizer.learning_rate": 0.1}."""


@dataclass(frozen=True)
class Sweep:
    """A question that takes several trainings."""

    name: str
    base: Config
    """The common config of all runs; its name and folder are replaced."""
    variations: Mapping[str, Changes]
    """Label -> what it changes, in the order of the table."""
    first: tuple[Config, ...] = ()
    """Runs that the variations start from (`init.source`), each in its own folder; they are trained first."""
    full: Changes = field(default_factory=dict)
    """Changes of the base with --full: the experiment at its published scale."""
    panels: tuple[Callable[[Results], Panel], ...] = ()
    """The experiment's own pictures and tables, made from the results."""
    metric: str = "test_accuracy"
    """Field of a summary that is compared; validation_accuracy if a choice is made."""
    seeds: int = 3
    """Seeds of every variation, unless the command line says otherwise."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Label -> the variation it is compared with. Default: the first."""
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Name -> variations of which only the best one on validation stands for it: an optimizer's rates."""
    measures: Mapping[str, Measure] = field(default_factory=dict)
    """Name -> what the experiment reads from each finished run."""
    claims: tuple[Claim, ...] = ()
    """What is expected, the answer to the question first; the table gives the verdicts."""

    def rows(
        self, seeds: int = 0, *, full: bool = False, changes: Changes | None = None, folder: str = ""
    ) -> list[Row]:
        """Every run of the sweep, variation by variation: the base's seed and the `seeds` - 1 that follow it.

        0 seeds: as many as the sweep says.

        Raises: UserError for settings that do not exist, and labels that would share a folder.
        """
        seeds = seeds or self.seeds
        home = self.home(full=full, folder=folder)
        slugs = [slug(label) for label in self.variations]
        twice = [label for label, name in zip(self.variations, slugs, strict=True) if slugs.count(name) > 1]
        if twice:
            raise UserError(f"sweep {self.name}: the labels {', '.join(map(repr, twice))} would share a folder")
        base = changed(self.base, self.full if full else {})
        rows = []
        for (label, variation), name in zip(self.variations.items(), slugs, strict=True):
            config = changed(base, {**variation, **(changes or {})})
            for seed in range(config.seed, config.seed + seeds):
                path = home / name / f"seed-{seed}"
                rows.append(Row(label, seed, replace(config, name=home.name, seed=seed, folder=str(path))))
        return rows

    def home(self, *, full: bool = False, folder: str = "") -> Path:
        """The folder of the sweep's runs and reports."""
        return user_path(folder or Path("runs") / f"sweep-{self.name}{'-full' if full else ''}")


@dataclass(frozen=True)
class SweepOptions:
    """The command line of a sweep."""

    seeds: int = 0
    """Number of seeds per variation. 0: as many as the experiment says, 3 or more."""
    jobs: int = 0
    """Number of parallel processes. 0: one per core, as far as memory allows."""
    stack: bool = True
    """Train runs that differ only in numbers in one program, for models that this makes faster."""
    full: bool = False
    """Run the experiment at its published scale."""
    only: tuple[str, ...] = ()
    """Run only these variations; the report shows the others as far as they have been run."""
    set: tuple[tuple[str, str], ...] = ()
    """Settings to change in every run, as KEY VALUE pairs: `--set duration 2epochs optimizer.momentum 0.5`."""
    cluster: Literal["", "local", "slurm"] = ""
    """Submit the runs as jobs through submitit instead (local: to try that out on this machine)."""
    cluster_options: tuple[tuple[str, str], ...] = ()
    """Parameters of a job, as KEY VALUE pairs: `--cluster-options timeout_min 60 slurm_partition gpu`."""
    folder: str = ""
    """Folder of the runs and the report. Default: runs/sweep-NAME or runs/sweep-NAME-full."""

    def __post_init__(self) -> None:
        if self.seeds < 0 or self.jobs < 0:
            raise UserError(f"a sweep needs at least 0 of --seeds, not {self.seeds}, and of --jobs, not {self.jobs}")

    def command(self, sweep: str, label: str) -> str:
        """The command that makes the runs of one variation."""
        words = ["python", "-m", f"experiments.{sweep}", "--only", label]
        words += (
            (["--seeds", str(self.seeds)] if self.seeds else [])
            + ["--full"] * self.full
            + (["--set", *itertools.chain(*self.set)] if self.set else [])
        )
        return shlex.join(words + (["--folder", self.folder] if self.folder else []))


def slug(label: str) -> str:
    """A label as the name of a folder."""
    return re.sub(r"[^\w.=+-]+", "-", label).strip("-.") or "variation"


def only(rows: Iterable[Row], labels: Sequence[str]) -> list[Row]:
    """The rows of the variations `labels`; all of them where none is named.

    Raises: UserError for a label that no row has.
    """
    rows = list(rows)
    known = dict.fromkeys(row.label for row in rows)
    for label in labels:
        if label not in known:
            raise UserError(f"there is no variation {label!r}: {did_you_mean(label, known)}")
    return [row for row in rows if not labels or row.label in labels]


def parse_changes(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """KEY VALUE pairs of a command line; a value is JSON (0.1, true, ["flip"]) or plain text."""
    return {key: _value(text) for key, text in pairs}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
