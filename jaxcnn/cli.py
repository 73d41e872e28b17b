"""A config class becomes a command line; errors become one message and an exit status.

Exit status: 0 done, 1 another process of the run is gone, 2 something the user can mend, 130 stopped by Ctrl-C and 143
by SIGTERM (both saved).
"""

import os
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from jaxcnn import runtime
from jaxcnn.config import Config, folder_of
from jaxcnn.errors import UserError
from jaxcnn.parallel import processes
from jaxcnn.sweep import Sweep, SweepOptions


def main(config: Config, description: str | None) -> None:
    """Runs one experiment: `config` with whatever the command line changes."""
    runtime.allocate()  # before tyro is imported, and not twice
    import tyro

    try:
        program = f"python -m experiments.{config.name}"
        config = tyro.cli(Config, default=config, description=_paragraphs(description), prog=program)
        sys.exit(_train(config))
    except UserError as error:
        _leave(_fail(str(error), 2))
    except KeyboardInterrupt:
        _leave(_fail("interrupted before the first step: nothing was lost.", 130))


def _leave(status: int) -> NoReturn:
    """Ends the process, at once where its first step is still being compiled."""
    if any(thread.name == runtime.COMPILES_AHEAD for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def _train(config: Config) -> int:
    runtime.prepare(config.devices, config.dtype, config.distributed.processes)
    with processes.job(config.distributed):
        return _train_in_job(config)


def _train_in_job(config: Config) -> int:
    from jaxcnn.console.progress import say

    folder = folder_of(config)
    what = f"{config.model} on {config.data.name}, {config.duration}, batch {config.batch_size}"
    say(f"{config.name}: {what} -> {folder}")
    from jaxcnn.console.signals import Stopped
    from jaxcnn.fit import fit
    from jaxcnn.runs.folder import finished

    config = runtime.resolve_dtype(config)
    done = finished(config)
    if done is None:
        try:
            done = fit(config)
        except Stopped as stopped:
            return _fail(str(stopped), stopped.status)
    else:
        say(f"This run is finished. To run it anew, remove {folder} or choose another folder (--folder {folder}-2).")
    _show(done, folder)
    return 0


def sweep_main(sweep: Sweep, description: str | None) -> None:
    """Runs a sweep and reports on it; exit status 1 where a run or a picture failed."""
    import tyro

    try:
        program = f"python -m experiments.{sweep.name}"
        options = tyro.cli(SweepOptions, description=_paragraphs(description), prog=program)
        sys.exit(_sweep(sweep, options, description or ""))
    except UserError as error:
        sys.exit(_fail(str(error), 2))


def _sweep(sweep: Sweep, options: SweepOptions, description: str) -> int:
    from jaxcnn.sweep import run

    runtime.prepare(dtype=str(dict(options.set).get("dtype", sweep.base.dtype)))
    return run.run_sweep(sweep, options, description)


def _paragraphs(description: str | None) -> str:
    """tyro joins single lines."""
    return (description or "").replace("\n\n", "\n").replace("\n", "\n\n")


def _show(summary: dict[str, Any], folder: Path) -> None:
    if "validation_accuracy" in summary:
        print(f"validation accuracy  {summary['validation_accuracy']:.2%}")
    print(
        f"test accuracy        {summary['test_accuracy']:.2%}  (step {summary['tested_step']:,}, {summary['dataset']})"
    )
    print(f"wall time            {summary['wall_seconds']:,.0f} s")
    print(f"run folder           {folder}  (summary.json, metrics.jsonl, events/, checkpoints/)")


def _fail(message: str, status: int) -> int:
    from jaxcnn.console.progress import say

    say(message if status != 2 else f"error: {message}")
    return status
