"""Answers to 10,000 images side by side: `run.predict`, PyTorch eager and compiled, and onnxruntime.

Command   make bench-inference      (or: python -m experiments.bench.inference --nets resnet20 --images 2000)
Cost      three nets, six contenders, two rounds: half an hour on two CPU cores
Result    runs/bench_inference.md and runs/bench_inference.csv; docs/benchmark.md
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import tyro

from experiments.bench import table
from experiments.bench.contenders import ANSWERING
from experiments.bench.machine import cpu
from experiments.bench.nets import NETS
from experiments.bench.race import Lane, race
from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.console.terminal import say
from jaxcnn.errors import UserError, lookup


@dataclass(frozen=True)
class Options:
    nets: tuple[str, ...] = ("resnet20", "resnet18", "mobilenet_v1")
    """Those of `make bench`."""
    contenders: tuple[str, ...] = tuple(ANSWERING)
    """Of predict (ours), eager, compiled (PyTorch), with `_autocast` in bfloat16, and onnxruntime. The first one named
    races each of the others."""
    images: int = 10_000
    """How many images are answered at once."""
    rounds: int = 2
    """Turns of each contender."""
    steps: int = 1
    """How often a turn answers all images, after once that does not count."""
    torch_python: str = sys.executable
    """The interpreter of the PyTorch contenders, if PyTorch is in another environment."""
    folder: Path = Path("runs")
    """Where the tables go."""


def run(options: Options) -> int:
    """Races net by net, and writes what there is after each.

    Raises: UserError for an unknown name, or if a contender dies.
    """
    nets = [name for name in options.nets if lookup(NETS, name, "net")]
    families = {name: lookup(ANSWERING, name, "contender").family for name in options.contenders}
    if not nets or not families or min(options.rounds, options.steps, options.images) < 1:
        raise UserError("name at least one of --nets and --contenders; --rounds, --steps and --images from 1")
    pythons = [options.torch_python if family.startswith("torch") else sys.executable for family in families.values()]
    options.folder.mkdir(parents=True, exist_ok=True)
    rows: table.Rows = []
    for net in nets:
        say(f"{net}, {options.images:,} images: {', '.join(families)}")
        lanes = race(net, options.images, list(families), pythons, options.rounds, options.steps)
        raced = [_row(net, options.images, lane) for lane in lanes]
        table.show(f"{net}, {options.images:,} images", raced, tuple(raced[0]))
        rows += raced
        facts = (
            f"- CPU: {cpu()}\n- command: {subprocess.list2cmdline(['python', '-m', __spec__.name, *sys.argv[1:]])}\n"
        )
        path = options.folder / "bench_inference.md"
        path.write_text(f"{facts}\n{table.markdown(rows)}", encoding="utf-8")
        table.write_csv(path.with_suffix(".csv"), rows)
    say(f"written to {options.folder / 'bench_inference.md'} and .csv")
    return 0


def _row(net: str, images: int, lane: Lane) -> dict[str, str]:
    return {
        "net": net,
        "contender": lane.contender,
        "images/s": f"{images / median(lane.seconds):,.0f}",
        "least": f"{images / max(lane.seconds):,.0f}",
        "most": f"{images / min(lane.seconds):,.0f}",
        "time": f"{lane.ratio:.2f}",
        "peak MB": f"{lane.peak / 1e6:.0f}" if lane.peak else "-",
        "turns apart": f"{lane.apart}",
    }


if __name__ == "__main__":
    program = "python -m experiments.bench.inference"
    exit_with(*outcome(lambda: run(tyro.cli(Options, description=help_text(__doc__), prog=program))))
