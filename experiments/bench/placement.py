"""Whether two cores share a cache, which on a virtual machine the host changes every few seconds.

If they do not, what one core wrote reaches the other through memory's fabric. Programs whose threads share their work
freely suffer most (a step of ResNet-20 here: 82 ms, and 135), and a race in which this changes between two turns
compares nothing.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import numpy as np

from jaxcnn.runtime import xla

APART = 1.9
"""Reading what the other core wrote takes 1.2 to 1.5 times as long as what the own core did, or 2.3 to 3.1 times."""
PAUSE = 0.25
"""Seconds between two looks."""


@dataclass
class Placement:
    """Where the host of a virtual machine puts its first two cores, and how long a race may still wait for it."""

    patience: float = 120.0
    """Seconds, over all waits: a host that never puts them together is not waited for at every turn."""

    def wait(self) -> bool | None:
        """As `together`, after waiting for it on a virtual machine, if there is patience left."""
        while (met := together()) is False and self.patience > 0 and "hypervisor" in xla.cpuinfo():
            time.sleep(PAUSE)
            self.patience -= PAUSE
        return met


def together() -> bool | None:
    """Whether the first two cores of this process share a cache; None if it has one, or cannot choose among them."""
    ratio = handover()
    return None if ratio is None else ratio < APART


def handover(size: int = 2**18, repeats: int = 15) -> float | None:
    """How much longer a core reads `size` bytes that another one has just written than those that it wrote itself."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        return None
    numbers = np.zeros(size // 8)
    with _staying():
        own, handed = (median(_read(numbers, cores[0], reader) for _ in range(repeats)) for reader in cores[:2])
    return handed / own


def _read(numbers: np.ndarray, writer: int, reader: int) -> float:
    os.sched_setaffinity(0, {writer})
    numbers += 1
    os.sched_setaffinity(0, {reader})
    began = time.perf_counter()
    numbers.sum()
    return time.perf_counter() - began


@contextmanager
def _staying() -> Iterator[None]:
    """Afterwards this thread may run where it might before."""
    cores = os.sched_getaffinity(0)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
