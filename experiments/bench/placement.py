"""Whether two cores share a cache, which on a virtual machine its host decides anew every few seconds.

What one core wrote and the other reads then comes from memory. Programs whose threads share their work freely suffer
most (a step of ResNet-20 here: 82 ms, and 135), and a race in which this changes between two turns compares nothing.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np

APART = 1.9
"""Reading what the other core wrote takes 1.2 to 1.4 times as long as what the own core did, or 2.3 to 2.8 times."""
PATIENCE, PAUSE = 30.0, 0.25
"""Seconds to wait for the host, and between two looks."""


def together(patience: float = PATIENCE) -> bool | None:
    """Whether the first two cores of this process share a cache; on a virtual machine waits until they do, or gives up.

    None where a thread cannot choose its core, or has only one.
    """
    until = time.monotonic() + (patience if _virtual() else 0)
    while (ratio := handover()) is not None:
        if ratio < APART:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(PAUSE)
    return None


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


def _virtual() -> bool:
    table = Path("/proc/cpuinfo")
    return table.exists() and "hypervisor" in table.read_text()
