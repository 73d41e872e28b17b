"""The process's memory: huge pages for malloc, small ones while compiling, fewer garbage collections."""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from jaxcnn.runtime import reexec

# XLA allocates its temporaries again at each step; in huge pages that costs fewer page faults.
ALLOCATOR = "glibc.malloc.hugetlb=1"
PR_SET_THP_DISABLE = 41
# Allocations before Python collects garbage (default 2,000 and 10): imports and tracing create no garbage, and
# collections took 2 % of a start.
COLLECTIONS = 100_000, 50, 100


def set_allocator() -> None:
    """Restarts the process with GLIBC_TUNABLES set, because glibc reads it only at process start.

    Does nothing where the command line cannot reproduce the process (see `reexec`).
    """
    if sys.platform != "linux" or "GLIBC_TUNABLES" in os.environ or not reexec.is_possible():
        return
    os.environ["GLIBC_TUNABLES"] = ALLOCATOR
    reexec.restart()


def collect_less_often() -> None:
    gc.set_threshold(*COLLECTIONS)


@contextmanager
def compiling() -> Iterator[None]:
    """Uses small pages inside, since the compiler fills few of each, and returns freed memory to the system.

    After compiling a ResNet-20 that is 170 MB of 580.
    """
    huge_pages(False)
    _release_memory()
    try:
        yield
    finally:
        _release_memory()
        huge_pages(True)


def huge_pages(wanted: bool) -> None:
    """Whether memory touched from now on comes in huge pages, if `set_allocator` asked glibc for them.

    `fit` turns them off until its first step: clearing them took 0.5 of the 6 seconds of a start.
    """
    if ALLOCATOR in os.environ.get("GLIBC_TUNABLES", "") and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, int(not wanted), 0, 0, 0)


def _release_memory() -> None:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
