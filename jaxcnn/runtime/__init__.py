"""Process set-up before JAX starts: done by the command line, never by `import jaxcnn`.

`JAXCNN_RUNTIME=off` turns all of it off. Whatever the user has set in the environment stays as it is.
"""

import os
import sys
from pathlib import Path

from jaxcnn.paths import cache_folder
from jaxcnn.runtime import memory, quiet, xla


def prepare(devices: int = 0, dtype: str = "auto", processes: int = 0) -> None:
    """Sets the environment that JAX reads when its backend starts, for `processes` with `devices` each in `dtype`.

    Call it before JAX is imported.
    """
    if devices > 1:
        os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(devices))
    all_devices = max(devices, 1) * max(processes, 1)
    if all_devices > (os.cpu_count() or 1):
        # The last bits of a sum depend on the number of threads: use the same number in each process.
        os.environ.setdefault("PJRT_NPROC", str(all_devices))
    if is_off():
        return
    memory.set_allocator()
    memory.collect_less_often()
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache_folder() / "compiled"))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    _check_cache(Path(os.environ["JAX_COMPILATION_CACHE_DIR"]))
    xla.set_flags(dtype)
    quiet.silence()


def _check_cache(folder: Path) -> None:
    """Says so if compiled programs cannot be kept, and where they are not read either, turns the cache off."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK) else "permission denied"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    if not reason:
        return
    problem = f"compiled programs cannot be kept in {folder} ({reason})"
    print(f"WARNING: {problem}; set JAX_COMPILATION_CACHE_DIR to another folder.", file=sys.stderr)
    if not folder.is_dir():
        os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "false"


def set_allocator() -> None:
    """Restarts the process for its allocator's settings, before anything else is imported."""
    if not is_off():
        memory.set_allocator()


def is_off() -> bool:
    return os.environ.get("JAXCNN_RUNTIME") == "off"
