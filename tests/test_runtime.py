"""The process set-up leaves results what they are."""

import sys
from pathlib import Path

import pytest

from helpers.processes import ROOT, TINY, run_command, run_program
from jaxcnn.runtime import xla
from jaxcnn.runtime.memory import ALLOCATOR

MEAN = """
from jaxcnn import runtime
runtime.prepare(dtype="bfloat16")
import jax
import jax.numpy as jnp
import numpy as np

images, kernel = (jnp.asarray(np.random.default_rng(0).normal(size=s), "bfloat16") for s in [(100, 64, 32), (32, 32)])

def mean(images):
    for _ in range(2):
        images = jax.nn.relu(images @ kernel)
    return images.astype(jnp.float32).mean(1)

compiled = jax.jit(mean)(images)
with jax.disable_jit():
    np.testing.assert_allclose(compiled, mean(images), rtol=0.05, atol=0.5)
"""


def test_a_mean_of_dense_layers_in_bfloat16_is_a_number():
    """XLA's own is none: YNNPACK fuses the mean with both layers, and reads uninitialized memory."""
    run_prepared(MEAN)


CHUNKS = """
from jaxcnn import runtime
runtime.prepare(dtype="bfloat16")

import jax, jax.numpy as jnp, numpy as np
from jaxcnn.ops import kernel_gradients
from jaxcnn.ops.geometry import Geometry, kernel_transpose

kernel_gradients.CHUNK_BYTES = 1
for depth, features in (16, 16), (24, 64), (64, 64):
    geometry = Geometry((128, 32, 32, depth), (3, 3, depth, features), padding=((1, 1), (1, 1)))
    random = np.random.default_rng(0)
    arrays = [jnp.asarray(random.normal(1, 1, shape), jnp.bfloat16) for shape in (geometry.images, geometry.output)]
    ours = jax.jit(kernel_gradients.dense, static_argnums=2)(*arrays, geometry).astype(jnp.float32)
    exact = kernel_transpose(*(array.astype(jnp.float32) for array in arrays), geometry)
    error = jnp.sqrt(jnp.mean((ours / exact - 1) ** 2))
    assert error < 0.003, f"{depth} channels: {error}"
"""


def test_chunks_of_a_kernel_gradient_in_bfloat16_add_up_in_float32():
    """XLA would add them within oneDNN's product, in bfloat16: 128 of them lose a hundredth of the total."""
    run_prepared(CHUNKS)


FREED = """
import re
from jaxcnn.runtime import memory

def resident():
    return int(re.search(r"VmRSS:\\s*([0-9]+)", open("/proc/self/status").read())[1]) / 1024

blocks = [b"." * 100_000 for _ in range(2000)]
del blocks[:-1]  # the last one holds the end of the heap, and glibc gives nothing back by itself
before = resident()
with memory.compiling():
    assert before - resident() > 150, (before, resident())
"""

PAGES = """
import re
from jaxcnn import runtime

def huge():
    return re.search(r"THP_enabled:\\s*([0-9])", open("/proc/self/status").read())[1]

runtime.prepare(dtype="float32")
import jax, numpy as np
from jaxcnn import fit
from jaxcnn.config import Config
from jaxcnn.parallel.devices import job_devices

def double(x):
    return jax.lax.psum(2 * x.sum(), "batch")

def load_images(config):
    assert huge() == "0"
    step = job_devices(1, "sync", batch_size=1, grad_accum_steps=1).compile(double, shared=0, split=1)
    assert step(np.ones((1, 1))) == 2
    assert huge() == "1"
    print("seen")
    raise SystemExit

fit.load_images = load_images
assert huge() == "1"
fit.fit(Config(name="pages", model="mlp", dtype="float32"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_memory_that_was_freed_goes_back_to_the_system():
    run_prepared(FREED)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's pages")
def test_huge_pages_come_with_the_first_step():
    assert run_prepared(PAGES) == "seen\n"


FLAGS = """
import os
from jaxcnn import runtime
runtime.prepare(dtype="float32")
assert os.environ["XLA_FLAGS"].endswith(" --xla_cpu_prefer_vector_width=128"), os.environ["XLA_FLAGS"]
"""


@pytest.mark.skipif(not xla._knows_flags(), reason="sets no flags")
def test_flags_of_the_user_come_last_and_so_win():
    run_prepared(FLAGS, XLA_FLAGS="--xla_cpu_prefer_vector_width=128")


INHERITED = """
import os
from jaxcnn import runtime
flags = []
for dtype in "bfloat16", "float32", "bfloat16":
    runtime.prepare(dtype=dtype)
    flags.append(os.environ["XLA_FLAGS"])
assert flags[0] == flags[2] != flags[1], flags
assert flags[0].endswith(" --xla_cpu_enable_fast_math=false"), flags
"""


@pytest.mark.skipif(not xla._knows_flags(), reason="sets no flags")
def test_flags_of_a_parent_in_another_dtype_are_replaced():
    """Those for float32 fuse reductions, which gives NaN in bfloat16."""
    run_prepared(INHERITED, XLA_FLAGS="--xla_cpu_enable_fast_math=false")


def run_prepared(program: str, **variables: str) -> str:
    """What it prints, in a process of its own, whose environment `runtime.prepare` sets as on the command line."""
    tunables = "glibc.malloc.hugetlb=1"
    command = [sys.executable, "-c", program]
    result = run_program(command, ROOT, JAXCNN_RUNTIME="on", GLIBC_TUNABLES=tunables, **variables)
    assert result.returncode == 0, result.stderr
    return result.stdout


PROBE = """
import os
from jaxcnn import runtime
print("start")
runtime.set_allocator()
print(os.environ.get("GLIBC_TUNABLES"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
@pytest.mark.parametrize(
    ("command", "starts"),
    [
        ("$PYTHON -m probe", 2),
        ("$PYTHON probe.py", 2),
        ("$PYTHON < probe.py", 1),
        ("$PYTHON -c 'import runpy; runpy.run_path(\"probe.py\")'", 1),
        ("$PYTHON -m pdb -c continue -c quit probe.py", 1),
    ],
)
def test_a_process_restarts_only_if_its_command_line_reproduces_it(tmp_path: Path, command: str, starts: int):
    (tmp_path / "probe.py").write_text(PROBE)
    shell = f"unset GLIBC_TUNABLES; {command}"
    result = run_program(["sh", "-c", shell], tmp_path, JAXCNN_RUNTIME="on", PYTHON=sys.executable)
    lines = [line for line in result.stdout.splitlines() if line in ("start", "None", ALLOCATOR)]
    assert lines == ["start"] * starts + [ALLOCATOR if starts == 2 else "None"]


SOFTMAX = ["experiments.softmax", *TINY, "--model", "softmax", "--duration", "2steps", "--folder", "run"]


@pytest.mark.parametrize(("platform", "reason"), [("cuda", "no such device"), ("nonsense", "Unable to initialize")])
def test_a_platform_that_is_not_there_is_one_clear_error(tmp_path: Path, platform: str, reason: str):
    result = run_command(*SOFTMAX, cwd=tmp_path, JAX_PLATFORMS=platform)
    assert result.returncode == 2, result.stderr
    assert f"error: JAX cannot start with JAX_PLATFORMS='{platform}': {reason}" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path):
    (tmp_path / "file").touch()
    cache = str(tmp_path / "file/compiled")
    result = run_command(*SOFTMAX, cwd=tmp_path, JAX_COMPILATION_CACHE_DIR=cache, JAXCNN_RUNTIME="on")
    assert result.returncode == 0, result.stderr
    warning = f"WARNING: compiled programs cannot be kept in {cache} (not a directory); set JAX_COMPILATION_CACHE_DIR"
    assert result.stderr.startswith(warning)
    assert "UserWarning" not in result.stderr
    assert "persistent" not in result.stderr


def test_windows_is_told_what_is_supported(tmp_path: Path):
    result = run_program([sys.executable, "-c", "import sys; sys.platform = 'win32'; import jaxcnn"], tmp_path)
    assert "ImportError: jaxcnn runs on Linux and macOS; on Windows, use the Windows Subsystem" in result.stderr
