"""Whole training steps side by side: jaxcnn, plain Flax and PyTorch, each in a process of its own.

Command   make bench      (or: python -m experiments.bench --nets resnet20 --contenders jaxcnn flax)
Cost      airbench94, jaxcnn against PyTorch's autocast with and without huge pages, two rounds: 2 minutes on two CPU
          cores, 5 GB; all nets and contenders several times that
Result    runs/bench.md and runs/bench.csv
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from experiments.bench import table
from experiments.bench.contenders import CONTENDERS
from experiments.bench.machine import Machine, survey
from experiments.bench.nets import NETS, SIDE
from experiments.bench.race import race
from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.console.terminal import say
from jaxcnn.errors import UserError, lookup


@dataclass(frozen=True)
class Options:
    nets: tuple[str, ...] = ("airbench94", "resnet20", "resnet18", "vgg16_bn", "mobilenet_v1", "dncnn", "unet")
    """Of these, and quicknet, which `make quickstart` trains."""
    contenders: tuple[str, ...] = tuple(CONTENDERS)
    """Of jaxcnn, flax, torch_float32, torch_autocast and, but for the first, each with `_huge`: huge pages for
    malloc. The first one named races each of the others."""
    rounds: int = 5
    """Turns of each contender."""
    steps: int = 0
    """Steps of a turn; 0: as many as fit into a second, at least three."""
    batch: int = 0
    """Images a step; 0: 2,000 for airbench94, 500 for quicknet, 128 for the others."""
    torch_python: str = sys.executable
    """The interpreter of the PyTorch contenders, if PyTorch is in another environment."""
    folder: Path = Path("runs")
    """Where bench.md and bench.csv go."""


def run(options: Options) -> int:
    """Races net by net, and writes what there is after each.

    Raises: UserError for an unknown name, or if a contender dies.
    """
    nets = {name: lookup(NETS, name, "net") for name in options.nets}
    families = {name: lookup(CONTENDERS, name, "contender").family for name in options.contenders}
    if not nets or not families or min(options.rounds, options.steps + 1, options.batch + 1) < 1:
        raise UserError("name at least one of --nets and --contenders, --rounds from 1, --steps and --batch from 0")
    pythons = {
        name: options.torch_python if family == "torch_steps" else sys.executable for name, family in families.items()
    }
    # Of each family the last contender: with huge pages if any has them.
    machine = survey({name: pythons[name] for name in dict(zip(families.values(), families, strict=True)).values()})
    for line in table.machine_lines(machine):
        say(line)
    options.folder.mkdir(parents=True, exist_ok=True)
    rows, results = [], {}
    for name, net in nets.items():
        batch = options.batch or net.batch
        say(f"{name}, batch {batch}: {', '.join(families)}")
        results[name] = race(name, batch, list(pythons), list(pythons.values()), options.rounds, options.steps)
        raced = table.lanes_table(name, batch, _macs(name), results[name], machine)
        table.show(f"{name}, batch {batch}", raced, table.HEADLINES)
        rows += raced
        _write(options.folder, machine, rows, table.ratios_table(results), options.contenders[0])
    ratios = table.ratios_table(results)
    table.show(f"{options.contenders[0]} as a fraction of", ratios, tuple(ratios[0]))
    say(f"written to {options.folder / 'bench.md'} and {options.folder / 'bench.csv'}")
    return 0


def _macs(net: str) -> int:
    from jaxcnn.models.construct import build
    from jaxcnn.models.counts import count

    return count(build(net, NETS[net].outputs, "float32"), (SIDE, SIDE, 3)).macs


def _write(folder: Path, machine: Machine, rows: table.Rows, ratios: table.Rows, reference: str) -> None:
    facts = "".join(f"- {line}\n" for line in [*table.machine_lines(machine), f"command: {_command()}"])
    parts = [facts, f"{reference} as a fraction of:\n", table.markdown(ratios), table.markdown(rows)]
    (folder / "bench.md").write_text("\n".join(parts), encoding="utf-8")
    table.write_csv(folder / "bench.csv", rows)


def _command() -> str:
    return subprocess.list2cmdline(["python", "-m", "experiments.bench", *sys.argv[1:]])


if __name__ == "__main__":
    exit_with(
        *outcome(lambda: run(tyro.cli(Options, description=help_text(__doc__), prog="python -m experiments.bench")))
    )
