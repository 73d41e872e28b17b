"""Process set-up before JAX starts: what the command line does and an `import jaxcnn` never does.

`JAXCNN_RUNTIME=off` turns all of it off. Whatever the user has set in the environment stays as it is.

| what | why |
|---|---|
| XLA_FLAGS, jax >= 0.12 | convolutions go to oneDNN, in bfloat16 products too: YNNPACK takes three times as long |
| the same, bfloat16 on a CPU without it | convolutions go to Eigen, as oneDNN would imitate bfloat16 |
| the same, bfloat16 | reductions stay XLA's: fused by YNNPACK with layers before them, they read what nobody wrote |
| the same | loops over few channels stay loops: unrolled, they become no vector code (ResNet-20: 93 -> 86 ms) |
| the same, AVX-512 | vectors of 512 bits, where LLVM's choice is 256 |
| GLIBC_TUNABLES | huge pages for malloc: XLA allocates its temporaries anew at each step, and page faults cost |
| PR_SET_THP_DISABLE, with them | none from `fit` to the first step: cleared whole, they took half a second of six |
| gc.set_threshold | imports and tracing are not searched for garbage again and again: a fiftieth of a start |
| JAX_COMPILATION_CACHE_DIR | a second start need not compile |
| JAX_NUM_CPU_DEVICES | virtual devices, where more than one is asked for |
| PJRT_NPROC, more devices than cores | the last bits of a sum tell how many threads share it: as many in each process |
"""

import ctypes
import gc
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jaxcnn.config import Config

ONEDNN = "--xla_cpu_experimental_onednn_custom_call=true"
YNNPACK_WITHOUT = "--xla_cpu_experimental_ynn_fusion_type="
CONVOLUTIONS = "-LIBRARY_FUSION_TYPE_INDIVIDUAL_CONVOLUTION"
PRODUCTS = "-LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"
REDUCTIONS = "-LIBRARY_FUSION_TYPE_REDUCE"
LOOPS = "--xla_backend_extra_options=xla_cpu_disable_loop_unrolling"
VECTORS = "--xla_cpu_prefer_vector_width=512"
ALLOCATOR = "glibc.malloc.hugetlb=1"
PR_SET_THP_DISABLE = 41
COMPILES_AHEAD = "compiles ahead"
"""Name of a thread that Python waits for at its end, minutes for a deep network; not waiting, it crashes within XLA."""
COLLECTIONS = 100_000, 50, 100
"""Allocations after which Python looks for garbage, and how many such looks before a longer one; its own: 2,000, 10."""


def prepare(devices: int = 0, dtype: str = "auto", processes: int = 0) -> None:
    """Sets the environment that JAX reads when its backend starts, for `processes` on `devices` each in `dtype`.

    Called before JAX is imported.
    """
    if devices > 1:
        os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(devices))
    of_all = max(devices, 1) * max(processes, 1)
    if of_all > (os.cpu_count() or 1):
        os.environ.setdefault("PJRT_NPROC", str(of_all))
    if _is_off():
        return
    allocate()
    gc.set_threshold(*COLLECTIONS)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(_cache() / "compiled"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    flags = os.environ.get("XLA_FLAGS", "")
    if _knows_flags() and "--xla_cpu_experimental" not in flags:
        os.environ["XLA_FLAGS"] = " ".join([*_libraries(dtype), *_code(), *flags.split()])
    logging.getLogger("absl").setLevel(logging.CRITICAL)  # Orbax logs what it then raises
    # pmap moves un-replicated inputs to the devices' mesh once, before the first step, and says so.
    warnings.filterwarnings("ignore", message="Donated pmap argument required resharding")
    # XLA cannot write down programs that call oneDNN; they are compiled anew at each start.
    warnings.filterwarnings("ignore", message="Error writing persistent compilation cache entry")
    sys.unraisablehook = _without_stragglers
    threading.excepthook = _without_savers


def allocate() -> None:
    """Begins the process anew where its allocator has no settings: it reads them when a process starts."""
    if _is_off() or sys.platform != "linux" or "GLIBC_TUNABLES" in os.environ:
        return
    os.environ["GLIBC_TUNABLES"] = ALLOCATOR
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, sys.orig_argv)


@contextmanager
def compiling() -> Iterator[None]:
    """Inside, memory comes in small pages, as little of each is used; what was freed goes back to Linux, at both ends.

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
    """Whether memory that is touched from now on comes in huge pages, where `prepare` asked glibc for them."""
    if ALLOCATOR in os.environ.get("GLIBC_TUNABLES", "") and sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, int(not wanted), 0, 0, 0)


def _release_memory() -> None:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)


def resolve_dtype(config: Config) -> Config:
    """`config` with what it leaves to the machine decided: the dtype `auto`."""
    if config.dtype != "auto":
        return config
    return replace(config, dtype="bfloat16" if _fast_in_bfloat16() else "float32")


def _is_off() -> bool:
    return os.environ.get("JAXCNN_RUNTIME") == "off"


def _fast_in_bfloat16() -> bool:
    import jax

    return jax.default_backend() != "cpu" or (_multiplies_bfloat16() and ONEDNN in os.environ.get("XLA_FLAGS", ""))


def _libraries(dtype: str) -> list[str]:
    """Flags that choose the fastest library for convolutions and products of a run in `dtype`."""
    if dtype == "bfloat16" and not _multiplies_bfloat16():
        return [f"{YNNPACK_WITHOUT}{CONVOLUTIONS},{REDUCTIONS}"]
    if dtype == "float32" or not _multiplies_bfloat16():
        return [ONEDNN, f"{YNNPACK_WITHOUT}{CONVOLUTIONS}"]
    return [ONEDNN, f"{YNNPACK_WITHOUT}{PRODUCTS},{REDUCTIONS}"]


def _code() -> list[str]:
    """Flags for the code that XLA generates itself."""
    return [LOOPS, VECTORS] if "avx512f" in cpuinfo() else [LOOPS]


def _knows_flags() -> bool:
    """XLA aborts on a flag it does not know, and these do nothing before jaxlib 0.12."""
    major, minor = version("jaxlib").split(".")[:2]
    return sys.platform == "linux" and (int(major), int(minor)) >= (0, 12)


def _multiplies_bfloat16() -> bool:
    """Whether this CPU has products of bfloat16, twice (AVX-512) or many times (AMX) as fast as float32's."""
    return "amx_bf16" in cpuinfo() or "avx512_bf16" in cpuinfo()


def cpuinfo() -> str:
    """What Linux says of the processors, their features among it; elsewhere nothing."""
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def _cache() -> Path:
    base = os.environ.get("JAXCNN_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "jaxcnn"
    return Path(base).expanduser()


def _without_savers(failed: threading.ExceptHookArgs) -> None:
    """Orbax raises what its background threads raised, once more, where it is waited for."""
    if not type(failed.thread).__module__.startswith("orbax"):
        threading.__excepthook__(failed)


def _without_stragglers(unraisable: Any) -> None:
    """After a read that failed, TensorStore's other reads report to Orbax's event loop, which is closed by then."""
    if str(unraisable.exc_value) != "Event loop is closed":
        sys.__unraisablehook__(unraisable)
