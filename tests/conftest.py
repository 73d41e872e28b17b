"""What the tests share."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import pytest

from jaxcnn.config import Config
from jaxcnn.runtime.xla import cpuinfo

if TYPE_CHECKING:
    from helpers.processes import Start

pytest.register_assert_rewrite("helpers")  # before anything imports them
from helpers.processes import COMPILE_QUICKLY  # noqa: E402

os.environ["JAXCNN_RUNTIME"] = "off"  # a command called in this process must not change the process of later tests
os.environ["XLA_FLAGS"] = f"{COMPILE_QUICKLY} {os.environ.get('XLA_FLAGS', '')}"
# Programs compiled for one processor may end a process on another.
PROCESSOR = sha256("".join(sorted(set(re.findall("flags.*", cpuinfo())))).encode()).hexdigest()[:8]
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup the processes of the tests would inherit that it is ignored


@pytest.fixture(autouse=True, scope="session")
def private_cache(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, pytestconfig: pytest.Config
) -> Iterator[None]:
    """Decoded data of this session, and compiled programs of earlier ones, too; apart from the user's own."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    patch = pytest.MonkeyPatch()
    patch.setenv("JAXCNN_CACHE", str(shared / "cache"))
    patch.setenv("JAX_COMPILATION_CACHE_DIR", str(pytestconfig.cache.mkdir(f"compiled-{PROCESSOR}")))
    jax.config.update("jax_compilation_cache_dir", os.environ["JAX_COMPILATION_CACHE_DIR"])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
    yield
    patch.undo()


@pytest.fixture
def tiny(tmp_path: Path) -> Config:
    from helpers.tiny import tiny_config

    return tiny_config(tmp_path / "run")


@pytest.fixture
def start(tmp_path: Path) -> "Iterator[Start]":
    """Starts a command in `tmp_path`; what a test leaves running is killed at its end."""
    from helpers.processes import environment

    started: list[subprocess.Popen[str]] = []

    def begin(command: Sequence[str], **changes: str) -> subprocess.Popen[str]:
        pipe, surroundings = subprocess.PIPE, environment(**changes)
        process = subprocess.Popen(command, cwd=tmp_path, env=surroundings, stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        return process

    yield begin
    for process in started:
        with process:  # closes its pipes
            process.kill()
