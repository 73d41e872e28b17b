"""A trained network as a teacher: `loss.teacher` -> its variables, its answers to a batch, what is remembered of it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from jax import Array, lax

from jaxcnn.config import Config
from jaxcnn.data.info import DataInfo
from jaxcnn.data.preprocess import normalizer
from jaxcnn.errors import UserError
from jaxcnn.runs import init_from
from jaxcnn.runs.checksums import digests
from jaxcnn.runs.load import Run
from jaxcnn.tasks import Task
from jaxcnn.tasks.taught import Taught
from jaxcnn.types import Tree


@dataclass(frozen=True)
class Teacher:
    variables: Tree
    """{"params", "batch_stats"}; they never change."""
    teach: Callable[[Tree, Array, Tree], Taught]
    """(variables, inputs [B, H, W, C] in 0 ... 255, targets) -> the targets with the teacher's answers."""
    report: dict[str, str]
    """Where it is from and a digest of its variables: another teacher would be another training."""


def read(config: Config, task: Task, info: DataInfo) -> Teacher | None:
    """The teacher that `config` names, or None.

    Raises: UserError if it cannot be read, or if its task, its classes or the size of its images are not the run's.
    """
    if not config.loss.teacher:
        _require_unset(config)
        return None
    if not task.takes_distributions:
        raise UserError(f"loss.teacher is for the task classification, not for {config.task}: leave it out")
    run = _run(config.loss.teacher)
    _check(run, config, info)
    look = normalizer(run.config, run.data)

    def teach(variables: Tree, inputs: Array, targets: Tree) -> Taught:
        # Normalized by its own statistics, whatever the student's are.
        logits = cast(Array, run.model.apply(variables, look(inputs), train=False))
        return Taught(targets, lax.stop_gradient(logits))

    return Teacher(run.variables, teach, {"from": config.loss.teacher, "digest": digest(run.variables)})


def digest(variables: Tree) -> str:
    """Twelve hexadecimal digits of a hash of all variables."""
    return hashlib.sha256(repr(sorted(digests(variables).items())).encode()).hexdigest()[:12]


def _run(path: str) -> Run:
    if path.endswith(".safetensors"):
        raise UserError(f"loss.teacher: {path} has weights and no classes: name the folder of a run")
    run = init_from.read(path, model=cast(Any, None), setting="loss.teacher").run
    assert run is not None  # only a file has none
    return run


def _check(run: Run, config: Config, info: DataInfo) -> None:
    name, theirs = config.loss.teacher, run.data
    if run.config.task != config.task:
        raise UserError(f"the teacher {name} has the task {run.config.task}, and this run {config.task}")
    if theirs.label_names != info.label_names:
        raise UserError(
            f"the teacher {name} knows the classes {', '.join(theirs.label_names)}, and this run has "
            f"{', '.join(info.label_names)}: train both on the same classes in the same order (--data.classes)"
        )
    if theirs.image_shape != info.image_shape:
        there, here = (" x ".join(map(str, shape)) for shape in (theirs.image_shape, info.image_shape))
        raise UserError(f"the teacher {name} was trained on images of {there}, and this run has {here}")


def _require_unset(config: Config) -> None:
    for name in ("temperature", "teacher_weight"):
        if getattr(config.loss, name) is not None:
            raise UserError(f"loss.{name} is set and loss.teacher is not: name a trained network, or leave it out")
