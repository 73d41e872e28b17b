"""A config class becomes a command line; errors become one message and an exit status.

Exit status: 0 done, 1 another process of the run is gone or a run of a sweep failed, 2 something the user can fix,
128 + number stopped by a signal, and saved: 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP, 140 SIGUSR2 (on Linux).
"""

from pathlib import Path
from typing import Any

from jaxcnn import runtime
from jaxcnn.config import Config, folder_of
from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.console.signals import Stopped
from jaxcnn.errors import option
from jaxcnn.measures import measure_of, words
from jaxcnn.parallel import processes
from jaxcnn.sweep import Sweep, SweepOptions

SHOWN = ("metric", "tested_step", "dataset", "wall_seconds")
"""Fields of a summary that are shown at the end."""


def main(config: Config, description: str | None) -> None:
    """Runs one experiment: `config` with whatever the command line changes."""
    runtime.set_allocator()  # before tyro is imported, and not twice
    import tyro

    def run() -> int:
        program = f"python -m experiments.{config.name}"
        return _train(tyro.cli(Config, default=config, description=help_text(description), prog=program))

    exit_with(*outcome(run))


def sweep_main(sweep: Sweep, description: str | None) -> None:
    """Runs a sweep and reports on it; exit status 1 if a run or a picture failed."""
    import tyro

    def run() -> int:
        program = f"python -m experiments.{sweep.name}"
        options = tyro.cli(SweepOptions, description=help_text(description), prog=program)
        return _sweep(sweep, options, description or "")

    exit_with(*outcome(run))


def _train(config: Config) -> int:
    runtime.prepare(config.devices, config.dtype, config.distributed.processes)
    with processes.job(config.distributed):
        return _train_in_job(config)


def _train_in_job(config: Config) -> int:
    from jaxcnn.console.terminal import say

    folder = folder_of(config)
    what = f"{config.model} on {config.data.name}, {config.duration}, batch size {config.batch_size}"
    say(f"{config.name}: {what} -> {folder}")
    from jaxcnn.fit import fit
    from jaxcnn.runs.folder import finished

    summary = finished(config, SHOWN)
    if summary is None:
        try:
            summary = fit(config)
        except Stopped as stopped:  # inside the job, so that its processes end in order
            say(str(stopped))
            return stopped.status
    else:
        another = option("--folder", f"{folder}-2")
        say(f"This run is finished. To repeat it, remove {folder} or choose another folder ({another}).")
    _show(summary, folder)
    return 0


def _sweep(sweep: Sweep, options: SweepOptions, description: str) -> int:
    from jaxcnn.sweep.run import run_sweep

    runtime.prepare(dtype=str(dict(options.set).get("dtype", sweep.base.dtype)))
    return run_sweep(sweep, options, description)


def _show(summary: dict[str, Any], folder: Path) -> None:
    metric = summary["metric"]
    tested = f"step {summary['tested_step']:,}, {summary['dataset']}"
    lines = [
        (f"{split} {words(metric)}", measure_of(metric)(summary[f"{split}_{metric}"]))
        for split in ("validation", "test")
        if f"{split}_{metric}" in summary
    ]
    lines[-1] = (lines[-1][0], f"{lines[-1][1]}  ({tested})")
    lines += [
        ("wall time", f"{summary['wall_seconds']:,.0f} s"),
        ("run folder", f"{folder}  (summary.json, metrics.jsonl, events/, checkpoints/)"),
    ]
    width = max(len(title) for title, _ in lines)
    for title, text in lines:
        print(f"{title:{width}}  {text}")
