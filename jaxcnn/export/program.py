"""What is exported of a run: its answers to images as they are, in float32, by XLA's plain operations."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

from jaxcnn.models import construct
from jaxcnn.ops.plain import plain_operations
from jaxcnn.runs.load import Run

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


@dataclass(frozen=True)
class Program:
    """A function of uint8 images [batch, height, width, channels], with what a user of it must know."""

    answer: Callable[[jax.Array], jax.Array]
    image_shape: tuple[int, ...]
    facts: dict[str, str]

    @property
    def input(self) -> str:
        return f"uint8 [batch, {', '.join(map(str, self.image_shape))}]"


def program_of(run: Run) -> Program:
    """The program of `run.predict`, in float32 whatever the run computes in."""
    model = construct.build(run.config.model, run.task.output_shape[-1], jnp.float32)
    exact = replace(run, model=model, config=replace(run.config, dtype="float32"))
    facts = {"model": run.config.model, "data": run.data.name, "task": run.config.task, "jaxcnn": version("jaxcnn")}
    facts |= {"classes": json.dumps(run.task.class_names)} if run.task.class_names else {}
    return Program(partial(exact.answer, run.variables), run.task.input_shape, facts)


def to_stablehlo(program: Program) -> bytes:
    """The program for any batch and all platforms; `jax.export.deserialize(...).call(images)` runs it."""
    (batch,) = export.symbolic_shape("batch")
    images = jax.ShapeDtypeStruct((batch, *program.image_shape), jnp.uint8)
    with plain_operations():
        exported = export.export(jax.jit(lambda images: program.answer(images)), platforms=PLATFORMS)(images)
    return bytes(exported.serialize())


def probes(program: Program, count: int = 5) -> np.ndarray:
    """Images to try an exported program on: noise, each of another brightness and contrast."""
    draw = np.random.default_rng(0)
    noise = draw.normal(size=(count, *program.image_shape))
    levels = draw.uniform(32, 224, (count, 1, 1, 1)) + draw.uniform(8, 64, (count, 1, 1, 1)) * noise
    return levels.clip(0, 255).astype(np.uint8)


def difference(found: Any, wanted: Any) -> float:
    """The greatest difference between answers; infinite where one is not finite."""
    apart = np.abs(np.asarray(found, np.float64) - np.asarray(wanted, np.float64)).max()
    return float(apart) if np.isfinite(apart) else float("inf")
