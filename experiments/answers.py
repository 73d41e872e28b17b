"""All questions, one after another: a night's job.

Command   make answers   (ARGS="--only depth pooling" for some)
Cost      what it says when it starts, from the processor time that the committed tables took
Result    runs/results.html, experiments/results, docs/findings.md

It may be stopped and started again: runs that have ended are not repeated, and the others resume.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments import findings
from jaxcnn import runtime
from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.console.terminal import say
from jaxcnn.errors import UserError, lookup
from jaxcnn.report import Row, collect
from jaxcnn.sweep import Sweep, SweepOptions
from jaxcnn.sweep.launch import cpus
from jaxcnn.sweep.run import run_sweep


@dataclass(frozen=True)
class Options:
    only: tuple[str, ...] = ()
    """Only these questions."""
    jobs: int = 0
    """Number of parallel processes. 0: one per core, as far as memory allows."""


@dataclass(frozen=True)
class Question:
    """A sweep and what is left of it."""

    name: str
    sweep: Sweep
    rows: Sequence[Row]
    left: Sequence[Row]
    hours: float
    """Of one core, for what is left; NaN where no table tells."""


def question(name: str, root: Path = Path()) -> Question:
    sweep = findings.sweep_of(name)
    rows = [*(Row(config.name, config.seed, config) for config in sweep.first), *sweep.rows()]
    left = [row for row in rows if not row.ended]
    return Question(name, sweep, rows, left, _hours(root / collect.COMMITTED / f"{name}.csv", left))


def _hours(table: Path, left: Sequence[Row]) -> float:
    """Each run takes what a run of its variation took, or what one of the table took on average."""
    if not table.exists():
        return math.nan
    scores = collect.read(table)
    means = {label: scores.mean(label, "cpu_seconds") for label in scores.labels}
    known = [mean for mean in means.values() if not math.isnan(mean)]
    if not known:
        return math.nan
    average = sum(known) / len(known)
    seconds = [means.get(row.label, average) for row in left]
    return sum(average if math.isnan(each) else each for each in seconds) / 3600


def expected(questions: Sequence[Question]) -> str:
    """What is left, in words."""
    runs, left = sum(len(each.rows) for each in questions), sum(len(each.left) for each in questions)
    known = sum(each.hours for each in questions if not math.isnan(each.hours))
    unknown = [each.name for each in questions if each.left and math.isnan(each.hours)]
    text = f"{len(questions)} questions, {left} of {runs} runs left: about {known / len(cpus()):.1f} h on this machine"
    return text + (f", and nobody knows for {', '.join(unknown)}" if unknown else "")


def run(options: Options) -> int:
    """Returns the exit status: 0, 1 if runs failed, 130 or 143 if it was stopped.

    Raises: UserError for an unknown question.
    """
    runtime.prepare(dtype="auto")
    known = dict.fromkeys(findings.QUESTIONS)
    for name in options.only:
        lookup(known, name, "question")
    questions = [question(name) for name in options.only or findings.QUESTIONS]
    say(expected(questions))
    status = 0
    for place, each in enumerate(questions):
        say(f"question {place + 1} of {len(questions)}: {each.name}; {expected(questions[place:])}")
        ended = run_sweep(each.sweep, SweepOptions(jobs=options.jobs), findings.caption(each.name))
        if ended > 1:
            return ended
        status |= ended
    try:
        collect.main()
    except UserError as error:
        say(f"error: {error}")
        status = 1
    findings.main()
    return status


def main() -> int:
    return run(tyro.cli(Options, description=help_text(__doc__), prog="make answers"))


if __name__ == "__main__":
    exit_with(*outcome(main))
