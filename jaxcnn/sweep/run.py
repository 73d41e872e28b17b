"""A sweep from start to report."""

from collections.abc import Sequence
from pathlib import Path

from jaxcnn.console.terminal import say
from jaxcnn.json_files import write_json
from jaxcnn.report import Results, Row
from jaxcnn.report.scores import scores
from jaxcnn.report.tables import on_terminal
from jaxcnn.report.write import write_report
from jaxcnn.sweep import Sweep, SweepOptions, cluster, only, parse_changes, slug
from jaxcnn.sweep.launch import LocalJob, Outcome, Task, check, default_jobs, launch
from jaxcnn.sweep.progress import SweepProgress, name
from jaxcnn.sweep.stack import stack_key, stackable

LARGEST = 16
"""Maximum number of runs in one program; more would cost memory and gain little."""


def run_sweep(sweep: Sweep, options: SweepOptions, about: str) -> int:
    """Runs what is not finished and writes the report; returns the exit status: 0, 1 (a failure), 130 or 143."""
    changes = parse_changes(options.set)
    rows = sweep.rows(options.seeds, full=options.full, changes=changes, folder=options.folder)
    home = sweep.home(full=options.full, folder=options.folder)
    check(rows)
    chosen = only(rows, options.only)
    left = [row for row in chosen if not row.ended]
    say(f"sweep {sweep.name}: {len(chosen)} runs, {len(chosen) - len(left)} of them ended before -> {home}")
    first = [Row(config.name, config.seed, config) for config in sweep.first]
    outcome = _run([row for row in first if not row.ended], options, home) if left else Outcome({})
    if left and not (outcome.failed or outcome.stopped):
        outcome = _run(left, options, home)
    if outcome.stopped:
        say("stopped; run the same command again to resume.")
        return outcome.stopped
    ended = tuple(row for row in rows if row.ended)
    commands = {label: options.command(sweep.name, label) for label in dict.fromkeys(row.label for row in ended)}
    problems = [f"{name(row)} failed: {reason}" for row, reason in outcome.failed.items()]
    if ended:
        about_it = {
            "name": sweep.name,
            "metric": sweep.metric,
            "runs": len(rows),
            "ended": len(ended),
            "changes": changes,
        }
        results = Results(sweep.name, ended, sweep.metric, commands, sweep.references, sweep.groups)
        panels = sweep.panels if len(ended) == len(rows) else ()
        if len(panels) < len(sweep.panels):
            say(f"{len(rows) - len(ended)} runs are missing: the experiment's own pictures wait for them")
        measured = scores(results, sweep.measures)
        problems += write_report(
            results,
            measured,
            home,
            f"sweep {sweep.name}",
            about.strip(),
            panels,
            _other_settings(options),
            sweep.claims,
        )
        write_json(home / "sweep.json", about_it)
        print(on_terminal(results, measured))
        print(f"report  {home / 'index.html'}  (table.md, table.csv, curves.png, comparison.png)")
    for problem in problems:
        say(problem)
    if problems:
        say(f"{len(problems)} failed; logs are in {home / 'logs'}; run the same command again to retry.")
    return 1 if problems else 0


def _other_settings(options: SweepOptions) -> str:
    """The settings of the command line that a docstring's finding is not of."""
    return " ".join(["`--full`"] * options.full + [f"`{key} {value}`" for key, value in options.set])


def _run(rows: Sequence[Row], options: SweepOptions, home: Path) -> Outcome:
    if not rows:
        return Outcome({})
    logs = home / "logs"
    if options.cluster:
        tasks = tasks_of(rows, options.stack)
        start = cluster.submitter(options.cluster, logs, parse_changes(options.cluster_options))
        return launch(tasks, options.jobs or len(tasks), start, SweepProgress(rows), shares=False)

    def process(task: Task, cpus: list[int]) -> LocalJob:
        return LocalJob(task, cpus, logs / f"{slug(task[0].label)}-seed-{task[0].seed}.log")

    failed: dict[Row, str] = {}
    for part in _by_devices(rows):
        tasks = tasks_of(part, options.stack)
        outcome = launch(tasks, min(options.jobs or default_jobs(part), len(tasks)), process, SweepProgress(rows))
        if outcome.stopped:
            return outcome
        failed |= outcome.failed
    return Outcome(failed)


def _by_devices(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows on one device, and then those on several devices, which must not share their cores."""
    parts = [[row for row in rows if row.config.devices <= 1], [row for row in rows if row.config.devices > 1]]
    return [part for part in parts if part]


def tasks_of(rows: Sequence[Row], stack: bool) -> list[Task]:
    """The rows that each process trains: stackable runs of small models together, other runs one by one."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        together = stack and stackable(row.config)
        groups.setdefault(stack_key(row.config) if together else str(row.folder), []).append(row)
    return [tuple(group[i : i + LARGEST]) for group in groups.values() for i in range(0, len(group), LARGEST)]
