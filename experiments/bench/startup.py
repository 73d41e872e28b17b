"""From a command to its first training step: with an empty compilation cache, and again.

Command   make bench-startup      (or: python -m experiments.bench.startup --experiments resnet20)
Cost      26 s on two CPU cores for resnet20 with --repeats 1
Result    runs/startup.md
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import tyro

from experiments.bench import table
from experiments.bench.machine import cpu
from jaxcnn import data
from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.console.terminal import say
from jaxcnn.errors import UserError

POLL = 0.005
"""Seconds between two looks for the first row of metrics."""


@dataclass(frozen=True)
class Options:
    experiments: tuple[str, ...] = ("quickstart", "resnet20")
    """Modules of `experiments`, with their own settings."""
    repeats: int = 3
    """How often to type the command again; the median counts."""
    folder: Path = Path("runs")
    """Where startup.md goes."""


def first_step(experiment: str, compiled: Path) -> float:
    """Seconds from the start of the command until its first step is done, compiled programs in `compiled`.

    Raises: UserError if it ends before that.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(compiled)}
        # The one step is also the last, so that its metrics are written at once.
        command = [sys.executable, "-m", f"experiments.{experiment}", "--duration", "1steps", "--folder", folder]
        metrics = Path(folder, "metrics.jsonl")
        began = time.perf_counter()
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
            try:
                while not (metrics.exists() and metrics.stat().st_size):
                    if process.poll() is not None:
                        said.seek(0)
                        raise UserError(f"{experiment} took no step: {said.read().decode(errors='replace').strip()}")
                    time.sleep(POLL)
                return time.perf_counter() - began
            finally:
                process.kill()
                process.wait()


def measure(experiment: str, repeats: int) -> dict[str, str]:
    """A row of the table; what is decoded of the data is in its cache before."""
    if find_spec(f"experiments.{experiment}") is None:
        raise UserError(f"there is no experiments/{experiment}.py")
    wanted = import_module(f"experiments.{experiment}").CONFIG.data
    data.load(wanted.name)
    with tempfile.TemporaryDirectory() as compiled:
        cold = first_step(experiment, Path(compiled))
        again = [first_step(experiment, Path(compiled)) for _ in range(repeats)]
    return {
        "command": f"python -m experiments.{experiment}",
        "cold s": f"{cold:.1f}",
        "again s": f"{median(again):.1f}",
        "least": f"{min(again):.1f}",
        "most": f"{max(again):.1f}",
    }


def run(options: Options) -> int:
    """Measures, prints and writes the table.

    Raises: UserError for an unknown experiment or one that fails.
    """
    if not options.experiments or options.repeats < 1:
        raise UserError("name at least one of --experiments, and --repeats from 1")
    rows = [measure(name, options.repeats) for name in options.experiments]
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / "startup.md"
    path.write_text(f"CPU: {cpu()}\n\n{table.markdown(rows)}", encoding="utf-8")
    table.show("From command to first step", rows, tuple(rows[0]))
    say(f"written to {path}")
    return 0


if __name__ == "__main__":
    exit_with(
        *outcome(
            lambda: run(tyro.cli(Options, description=help_text(__doc__), prog="python -m experiments.bench.startup"))
        )
    )
