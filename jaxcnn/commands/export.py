"""`python -m jaxcnn export RUN FILE`: a trained network for other programs, tried before it is said to be there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tyro

from jaxcnn.errors import UserError
from jaxcnn.export.program import Program, difference, probes, program_of, to_stablehlo
from jaxcnn.paths import atomic_write, user_path
from jaxcnn.runs.load import Run, load
from jaxcnn.weights.foreign import save_foreign_weights

CLOSE = 1e-4
"""How far an exported program's answers may be from the network's own, as a fraction of the greatest of them."""


@dataclass(frozen=True)
class Export:
    """A trained network for other programs: an ONNX model, StableHLO, or weights by another library's names."""

    run: tyro.conf.Positional[str]
    """Folder of a run, or pretrained:NAME."""
    file: tyro.conf.Positional[str]
    """What to write: NAME.onnx, NAME.stablehlo (of jax.export) or NAME.safetensors (weights)."""
    to: str = ""
    """Of weights: the library whose names they get, torchvision, timm or kuangliu. Default: our own names."""
    step: int | None = None
    """Which checkpoint. Default: the one that was tested, else the latest."""


def main(arguments: list[str]) -> int:
    """Writes the file and says what is in it.

    Raises: UserError for a run that cannot be read, a file that is there, another kind of file, a network that has no
    such form, and for an exported program with other answers.
    """
    chosen = tyro.cli(Export, args=arguments, prog="python -m jaxcnn export")
    path = user_path(chosen.file)
    if path.suffix not in WRITERS:
        known = ", ".join(WRITERS)
        raise UserError(f"{path}: what to export is chosen by the end of the file's name, one of {known}")
    if chosen.to and path.suffix != ".safetensors":
        raise UserError(f"--to {chosen.to} names the entries of weights: write them to a .safetensors file")
    if path.exists():
        raise UserError(f"{path} exists: choose another name, or move it away")
    run = load(chosen.run, step=chosen.step)
    said = WRITERS[path.suffix](run, path, chosen.to)
    print(f"{path}  ({path.stat().st_size / 1e6:.1f} MB)\n{said}")
    return 0


def _onnx(run: Run, path: Path, _: str) -> str:
    try:
        import onnxruntime

        from jaxcnn.export.to_onnx import to_onnx
    except ModuleNotFoundError as error:
        raise UserError(f"ONNX needs {error.name}, which is not installed: pip install 'jaxcnn[export]'") from None
    program = program_of(run)
    content = to_onnx(program.answer, program.image_shape, np.uint8, program.facts).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return _tried(program, path, content, lambda images: session.run(None, {"images": images})[0], "onnxruntime")


def _stablehlo(run: Run, path: Path, _: str) -> str:
    program = program_of(run)
    try:
        content = to_stablehlo(program)
    except ModuleNotFoundError as error:
        raise UserError(f"StableHLO needs {error.name}, which is not installed: pip install 'jaxcnn[export]'") from None
    call = jax.jit(jax.export.deserialize(bytearray(content)).call)
    return _tried(program, path, content, call, "jax.export")


def _tried(program: Program, path: Path, content: bytes, call: Callable[[Any], Any], runtime: str) -> str:
    """Writes `content` if it answers what the network does; returns what to say of it."""
    images = probes(program)
    wanted = np.asarray(jax.jit(program.answer)(images))
    apart = difference(call(images), wanted) / max(float(np.abs(wanted).max()), 1e-30)
    if not apart <= CLOSE:
        raise UserError(
            f"{path} was not written: by {runtime} its answers are {apart:.1e} of the greatest from the network's "
            f"({CLOSE:.0e} at most)"
        )
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
    output = ", ".join(map(str, wanted.shape[1:]))
    return (
        f"images {program.input} -> answers float32 [batch, {output}], as `run.predict`\n"
        f"by {runtime} they differ by {apart:.1e} of the greatest, on {len(images)} images"
    )


def _weights(run: Run, path: Path, library: str) -> str:
    if not library:
        run.save_weights(path)
        return "weights by our own names, which --init.source and jaxcnn.import_weights read"
    return save_foreign_weights(path, run.config.model, run.model, run.variables, run.input_shape, library)


WRITERS = {".onnx": _onnx, ".stablehlo": _stablehlo, ".safetensors": _weights}
