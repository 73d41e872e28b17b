"""What the machine is and what it can do: its CPU, and how fast it multiplies matrices."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass

from experiments.bench.race import Process
from jaxcnn.runtime import xla

FEATURES = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
"""Of a CPU, those that decide how fast it multiplies."""


@dataclass(frozen=True)
class Machine:
    cpu: str
    versions: Mapping[str, str]
    """Contender -> its libraries."""
    rates: Mapping[str, Mapping[str, float]]
    """Contender -> dtype -> GFLOP/s of the product of two large square matrices."""

    @property
    def rate(self) -> float:
        """The best product rate seen, of any library and dtype, in GFLOP/s."""
        return max(rate for rates in self.rates.values() for rate in rates.values())


def survey(contenders: Mapping[str, str]) -> Machine:
    """Asks one process of each contender (name -> its interpreter), one after the other."""
    answers = {}
    for name, python in contenders.items():
        with Process(name, python) as process:
            answers[name] = process.ask("measure")
    return Machine(
        cpu(),
        {name: answer["version"] for name, answer in answers.items()},
        {name: answer["rates"] for name, answer in answers.items()},
    )


def cpu() -> str:
    """Its name, how many cores this process may use, and its features that matter here."""
    lines = xla.cpuinfo().splitlines()
    facts = {line.split(":")[0].strip(): line.split(":")[-1].strip() for line in lines if ":" in line}
    flags = facts.get("flags", "").split()
    features = ", ".join(name for name in FEATURES if name in flags)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{facts.get('model name') or platform.processor()}, {cores} cores ({features or 'features unknown'})"
