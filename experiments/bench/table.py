"""Lanes -> rows of text, and those to a terminal, Markdown and CSV."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from experiments.bench.machine import Machine
from experiments.bench.race import Lane
from jaxcnn.report import table as report

Rows = list[dict[str, str]]
PASSES = 3
"""Forward, gradient by activations, gradient by weights: each costs about the MACs of the forward pass."""
HEADLINES = ("contender", "ms a step", "images/s", "GFLOP/s", "peak MB", "time", "memory")
"""The columns that fit on a terminal; the files have all."""

TORCH = ("torch_float32_huge", "torch_autocast_huge")


def lanes_table(net: str, batch: int, macs: int, lanes: Sequence[Lane], machine: Machine) -> Rows:
    """One row per contender; `time` and `memory` are the first one's as a fraction of its own."""
    return [_row(net, batch, macs, lane, lanes[0], machine) for lane in lanes]


def _row(net: str, batch: int, macs: int, lane: Lane, reference: Lane, machine: Machine) -> dict[str, str]:
    seconds = median(lane.seconds)
    rate = PASSES * 2 * macs * batch / seconds / 1e9
    return {
        "net": net,
        "batch": f"{batch}",
        "contender": lane.contender,
        "ms a step": f"{seconds * 1e3:.1f}",
        "least": f"{min(lane.seconds) * 1e3:.1f}",
        "most": f"{max(lane.seconds) * 1e3:.1f}",
        "steps": f"{len(lane.seconds)}",
        "turns apart": f"{lane.apart}",
        "images/s": f"{batch / seconds:.0f}",
        "GFLOP/s": f"{rate:.0f}",
        "of products": f"{rate / machine.rate:.0%}",
        "peak MB": f"{lane.peak / 1e6:.0f}" if lane.peak else "-",
        "first step s": f"{lane.build:.1f}",
        "time": f"{lane.ratio:.2f}",
        "memory": _ratio(_memory(reference, lane)),
    }


def ratios_table(results: Mapping[str, Sequence[Lane]]) -> Rows:
    """The reference's time and memory as a fraction of its rivals': one row per net."""
    return [_ratios(net, {lane.contender: lane for lane in lanes}, lanes[0]) for net, lanes in results.items()]


def _ratios(net: str, lanes: Mapping[str, Lane], reference: Lane) -> dict[str, str]:
    def time(*rivals: str) -> str:
        """Against the fastest of the rivals, if they all raced."""
        return _ratio(max(lanes[name].ratio for name in rivals) if lanes.keys() >= set(rivals) else None)

    torch = [_memory(reference, lane) for name, lane in lanes.items() if name.startswith("torch")]
    return {
        "net": net,
        "torch autocast": time("torch_autocast"),
        "autocast, huge pages": time("torch_autocast_huge"),
        "best torch, huge pages": time(*TORCH),
        "flax": time("flax"),
        "flax, huge pages": time("flax_huge"),
        "memory / leanest torch": _ratio(max((ratio for ratio in torch if ratio), default=None)),
    }


def _memory(reference: Lane, lane: Lane) -> float | None:
    return reference.peak / lane.peak if reference.peak and lane.peak else None


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def machine_lines(machine: Machine) -> list[str]:
    """The machine, a line each fact."""
    products = [
        f"matrix products, {name}: " + ", ".join(f"{dtype} {rate:.0f} GFLOP/s" for dtype, rate in rates.items())
        for name, rates in machine.rates.items()
    ]
    return [f"CPU: {machine.cpu}", *(f"{name}: {text}" for name, text in machine.versions.items()), *products]


def markdown(rows: Rows) -> str:
    return report.Table(list(rows[0]), [list(row.values()) for row in rows]).to_markdown()


def write_csv(path: Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def show(title: str, rows: Rows, columns: Sequence[str]) -> None:
    """On a terminal, on standard output."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    for name in columns:
        table.add_column(name, justify="left" if name == columns[0] else "right")
    for row in rows:
        table.add_row(*(row[name] for name in columns))
    Console().print(table)
