"""XLA's flags for a fast CPU, and the compute dtype that they make fast."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from jaxcnn.errors import UserError

# Convolutions and matmuls go to oneDNN: XLA's default, YNNPACK, takes three times as long on convolutions.
ONEDNN = "--xla_cpu_experimental_onednn_custom_call=true"
YNNPACK_WITHOUT = "--xla_cpu_experimental_ynn_fusion_type="
CONVOLUTIONS = "-LIBRARY_FUSION_TYPE_INDIVIDUAL_CONVOLUTION"
MATMULS = "-LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"
# In bfloat16, YNNPACK fuses reductions with preceding layers, and they then read uninitialized memory.
REDUCTIONS = "-LIBRARY_FUSION_TYPE_REDUCE"
# Loops over few channels are not unrolled: unrolled, LLVM does not vectorize them (ResNet-20's step: 93 -> 86 ms).
LOOPS = "--xla_backend_extra_options=xla_cpu_disable_loop_unrolling"
# With AVX-512, LLVM would choose 256 bits (with LOOPS: 86 -> 81 ms).
VECTORS = "--xla_cpu_prefer_vector_width=512"


def set_flags(dtype: str) -> None:
    """Prepends our flags for a run in `dtype` to XLA_FLAGS, unless the user has chosen CPU libraries there.

    Ours of a parent process are replaced: it may run in another dtype, whose flags can give NaN in this one.
    """
    flags = os.environ.get("XLA_FLAGS", "")
    for inherited in map(_ours, ("bfloat16", "float32")):
        flags = flags.removeprefix(inherited)
    if _knows_flags() and "--xla_cpu_experimental" not in flags:
        os.environ["XLA_FLAGS"] = f"{_ours(dtype)} {flags.strip()}".strip()


def fastest_dtype() -> Literal["bfloat16", "float32"]:
    """The dtype that `auto` stands for: bfloat16 on accelerators and on CPUs that multiply it, else float32."""
    import jax

    fast = jax.default_backend() != "cpu" or (_multiplies_bfloat16() and ONEDNN in os.environ.get("XLA_FLAGS", ""))
    return "bfloat16" if fast else "float32"


def require_backend() -> None:
    """Raises: UserError if JAX finds no device of the kind that JAX_PLATFORMS asks for."""
    import jax

    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:
        wanted = os.environ.get("JAX_PLATFORMS", "")
        reason = str(error).splitlines()[0] if str(error) else "no such device was found"
        raise UserError(
            f"JAX cannot start with JAX_PLATFORMS={wanted!r}: {reason}.\nUnset it to use what there is, or install "
            "what it asks for: pip install 'jaxcnn[cuda]' or 'jaxcnn[tpu]'."
        ) from None


def cpuinfo() -> str:
    """Linux's description of the processors, including their features; empty on other systems."""
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def _ours(dtype: str) -> str:
    return " ".join([*_libraries(dtype), *_code()])


def _libraries(dtype: str) -> list[str]:
    """Flags that choose the fastest library for convolutions and matmuls in `dtype`."""
    if dtype == "bfloat16" and not _multiplies_bfloat16():
        return [f"{YNNPACK_WITHOUT}{CONVOLUTIONS},{REDUCTIONS}"]  # Eigen: oneDNN would emulate bfloat16
    if dtype == "float32" or not _multiplies_bfloat16():
        return [ONEDNN, f"{YNNPACK_WITHOUT}{CONVOLUTIONS}"]
    return [ONEDNN, f"{YNNPACK_WITHOUT}{MATMULS},{REDUCTIONS}"]


def _code() -> list[str]:
    """Flags for the code that XLA generates itself."""
    return [LOOPS, VECTORS] if "avx512f" in cpuinfo() else [LOOPS]


def _knows_flags() -> bool:
    """XLA aborts on an unknown flag, and these have no effect before jaxlib 0.12."""
    major, minor = version("jaxlib").split(".")[:2]
    return sys.platform == "linux" and (int(major), int(minor)) >= (0, 12)


def _multiplies_bfloat16() -> bool:
    """Whether this CPU has bfloat16 matmuls, twice (AVX-512) or many times (AMX) as fast as float32's."""
    return "amx_bf16" in cpuinfo() or "avx512_bf16" in cpuinfo()
