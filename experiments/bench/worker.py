"""One contender's process: requests and answers are JSON, a line each, on standard input and output.

    {"do": "measure"}                                 -> {"version": text, "rates": {dtype: GFLOP/s}}
    {"do": "build", "net": "resnet20", "batch": 128}  -> {"seconds": until the first step is done}
    {"do": "step", "count": 5}                        -> {"seconds": [of each step]}
    {"do": "memory"}                                  -> {"bytes": peak resident memory, or null}

The end of standard input ends it. Whatever a library prints goes to standard error.
"""

import importlib
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

PRODUCT = 2048
"""Side of the square matrices whose product shows what the machine can do."""


class Family(Protocol):
    """What a module of contenders offers; it imports its library, and this file none."""

    VERSION: str

    def build(self, net: str, batch: int, dtype: str) -> Callable[[], None]:
        """A training step of `net`, which returns when it is done."""
        ...

    def product(self, side: int, dtype: str) -> Callable[[], None]:
        """A product of two matrices [side, side], likewise."""
        ...


class Worker:
    def __init__(self, family: Family, dtype: str) -> None:
        self._family, self._dtype = family, dtype
        self._step: Callable[[], None]

    def measure(self) -> dict[str, Any]:
        rates = {dtype: _rate(self._family.product(PRODUCT, dtype)) for dtype in ("float32", "bfloat16")}
        return {"version": self._family.VERSION, "rates": rates}

    def build(self, net: str, batch: int) -> dict[str, Any]:
        began = time.perf_counter()
        self._step = self._family.build(net, batch, self._dtype)
        self._step()
        return {"seconds": time.perf_counter() - began}

    def step(self, count: int) -> dict[str, Any]:
        return {"seconds": [_seconds(self._step) for _ in range(count)]}

    def memory(self) -> dict[str, Any]:
        status = Path("/proc/self/status")
        peak = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
        return {"bytes": int(peak[1]) * 1024 if peak else None}


def _rate(product: Callable[[], None]) -> float:
    """GFLOP/s of the fastest of five."""
    product()
    return 2 * PRODUCT**3 / min(_seconds(product) for _ in range(5)) / 1e9


def _seconds(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def serve(family: str, dtype: str, *settings: str) -> None:
    """Answers requests for a contender of `family` until standard input ends."""
    if "prepared" in settings:
        from jaxcnn import runtime  # which PyTorch's process need not be able to import

        runtime.prepare(dtype=dtype)
    module: Any = importlib.import_module(f"experiments.bench.{family}")
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker = Worker(module, dtype)
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(getattr(worker, request.pop("do"))(**request)) + "\n")


if __name__ == "__main__":
    serve(*sys.argv[1:])
