"""A trained network, loaded from its run folder."""

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import unflatten_dict
from PIL import Image

from jaxcnn import tasks, weights
from jaxcnn.augment import tta
from jaxcnn.config import Config
from jaxcnn.console.log import read_rows
from jaxcnn.data import pictures
from jaxcnn.data.info import DataInfo
from jaxcnn.data.preprocess import normalizer
from jaxcnn.errors import UserError, did_you_mean
from jaxcnn.models import construct
from jaxcnn.models.trace import outputs_of, submodules
from jaxcnn.paths import user_path
from jaxcnn.runs import pretrained
from jaxcnn.runs.contents import require_no_backslash
from jaxcnn.runs.folder import read_config, read_data, read_summary
from jaxcnn.runs.reading import read_variables
from jaxcnn.runs.steps import complete_steps
from jaxcnn.tasks import Task

PREDICT_BATCH = 100
"""So few that what a layer gives is in the cache for the next one: MobileNet v1 needs 9 % less CPU time than by 500."""


@dataclass(frozen=True)
class Run:
    """A trained network: everything needed to use it, nothing needed to continue its training."""

    path: Path
    config: Config
    data: DataInfo
    model: nn.Module
    variables: dict[str, Any]
    """{"params", "batch_stats"}; the moving averages if the run kept them."""
    step: int
    metrics: dict[str, float]
    """The summary of a finished run; before that, the last validation metrics."""
    only: str = "*"
    """The pattern of the variables that were loaded."""

    @property
    def history(self) -> list[dict[str, Any]]:
        """The rows of metrics.jsonl."""
        return read_rows(self.path / "metrics.jsonl")

    def _repr_html_(self) -> str:
        said = {"run": self.path.name, "model": self.config.model, "data": self.data.name, "step": f"{self.step:,}"}
        said |= {name: f"{value:.4g}" for name, value in self.metrics.items() if isinstance(value, int | float)}
        rows = (f"<tr><th>{name}</th><td>{html.escape(value)}</td></tr>" for name, value in said.items())
        return f"<table>{''.join(rows)}</table>"

    def read(self, picture: str | Path | Image.Image) -> np.ndarray:
        """A picture of any size and kind as the network takes it: [H, W, C] uint8.

        Raises: BrokenPicture for a file that cannot be read.
        """
        (height, width, channels), data = self.task.input_shape, self.config.data
        if isinstance(picture, Image.Image):
            return pictures.fitted(picture, height, width, data.fit, channels, data.resize)
        return pictures.read(user_path(picture), height, width, data.fit, channels, data.resize)

    def predict(self, images: np.ndarray | Sequence[str | Path | Image.Image]) -> np.ndarray:
        """uint8 images [N, H, W, C], or pictures of any size -> class probabilities [N, classes] float32.

        Other tasks than classification answer with degrees, scores, unit vectors or pictures (docs/tasks.md).
        Raises: UserError for a dtype or shape that the run was not trained on, or if only a part was loaded.
        """
        return self._in_batches(self._answers, self._opened(images))

    def answer(self, variables: Any, images: jax.Array) -> jax.Array:
        """What `predict` compiles: the answers to uint8 images [N, H, W, C] with these variables."""
        inputs = self.task.prepare(images)
        normalized = normalizer(self.config, self.data)(inputs)
        return self.task.answer(tta.outputs(self.model, variables, normalized, self.config.tta), inputs)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Height, width and channels of what the model itself sees."""
        return tasks.network_input(self.config, self.task)

    def features(self, images: np.ndarray, layer: str) -> np.ndarray:
        """uint8 images [N, H, W, C] -> the output of the submodule `layer` (`stage2_block1/conv1`), [N, ...].

        Raises: UserError for a layer that the model does not have, and as `predict` does.
        """
        known = submodules(self.model, tasks.network_input(self.config, self.task))
        if layer not in known:
            raise UserError(f"{self.config.model} has no layer {layer!r}: {did_you_mean(layer, known)}")
        return self._in_batches(partial(self._features, layer=layer), images)

    def save_weights(self, path: str | Path) -> None:
        """Writes the variables as .safetensors, which `--init.source` and `jaxcnn.import_weights` read.

        Raises: UserError if the file cannot be written.
        """
        weights.save_weights(path, self.variables)

    @cached_property
    def task(self) -> Task:
        """What the network was trained for."""
        return tasks.build(self.config, self.data)

    def _opened(self, images: Any) -> np.ndarray:
        """Files and pictures read; arrays as they are."""
        if isinstance(images, str | Path | Image.Image):
            images = [images]
        if not len(images):
            return np.zeros((0, *self.task.input_shape), np.uint8)
        if isinstance(images[0], str | Path | Image.Image):
            return np.stack([self.read(each) for each in images])
        return np.asarray(images)

    def _in_batches(self, function: Any, images: np.ndarray) -> np.ndarray:
        self._require_all()
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != self.task.input_shape:
            wanted = ", ".join(map(str, self.task.input_shape))
            raise UserError(f"expected uint8 images [N, {wanted}], not {images.dtype} {list(images.shape)}")
        if len(images) == 0:
            shape = jax.eval_shape(function, self.variables, jax.ShapeDtypeStruct((1, *images.shape[1:]), np.uint8))
            return np.zeros((0, *shape.shape[1:]), shape.dtype)
        size = min(PREDICT_BATCH, len(images))
        padded = np.concatenate([images, np.zeros((-len(images) % size, *images.shape[1:]), np.uint8)])
        parts = np.split(padded, len(padded) // size)
        return np.concatenate(list(_in_turn(partial(function, self.variables), parts)))[: len(images)]

    def _require_all(self) -> None:
        if self.only != "*":
            raise UserError(f"only {self.only!r} of {self.path} was loaded: load it without `only` to apply the model")

    @cached_property
    def _features(self) -> Any:
        def features(variables: Any, images: jax.Array, layer: str) -> jax.Array:
            return outputs_of(self.model, variables, normalizer(self.config, self.data)(images), layer)

        return jax.jit(features, static_argnames="layer")

    @cached_property
    def _answers(self) -> Any:
        return jax.jit(self.answer)


def _in_turn(function: Callable[[np.ndarray], jax.Array], parts: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The results for all parts; while one is waited for, the next is begun, so that no core is idle in between."""
    begun: list[jax.Array] = []
    for part in parts:
        begun.append(function(part))
        if len(begun) > 1:
            yield np.asarray(begun.pop(0))
    yield from map(np.asarray, begun)


def load(path: str | Path, step: int | None = None, only: str = "*") -> Run:
    """The run in the folder `path`, at `step` (default: the one that was tested, else the latest).

    `pretrained:NAME` is a run that comes with the package; `pretrained.names()` lists them.

    With `only` the variables are those whose path the pattern matches (`stage1_*`); no others are read from the disk.
    Raises: UserError if the folder is not a run, lacks the checkpoint, is damaged, or has no match of `only`.
    """
    if str(path).startswith(pretrained.PREFIX):
        return _pretrained(pretrained.folder(str(path)), step, only)
    path = user_path(path).resolve()
    if not (path / "config.json").exists():
        raise UserError(f"{path} is not a run: it has no config.json")
    config = read_config(path)
    require_no_backslash(path)
    info, summary = read_data(path), read_summary(path)
    known = complete_steps(path / "checkpoints")
    if not known:
        raise UserError(f"{path / 'checkpoints'} has no complete checkpoint yet")
    wanted = summary.get("tested_step", known[-1]) if step is None else step
    if wanted not in known:
        missing, there = path / "checkpoints" / str(wanted), ", ".join(map(str, known))
        why = f", by {path / 'summary.json'}" if step is None else ""
        raise UserError(f"{path} has no checkpoint of step {wanted}{why}; it has {there} ({missing} is missing)")
    task = tasks.build(config, info)
    model = construct.build(config.model, num_classes=task.output_shape[-1], dtype=jnp.dtype(config.dtype))
    variables = read_variables(path / "checkpoints", wanted, only)
    construct.check_variables(model, variables, tasks.network_input(config, task), path, only)
    return Run(path, config, info, model, variables, wanted, summary or _last_validation(path, wanted), only)


def _pretrained(path: Path, step: int | None, only: str) -> Run:
    """A run that comes with the package: its config, data and summary, and only the weights that were tested."""
    config, info, summary = read_config(path), read_data(path), read_summary(path)
    if step not in (None, summary["tested_step"]) or only != "*":
        raise UserError(
            f"{pretrained.PREFIX}{path.name} is whole, and of step {summary['tested_step']}: ask for nothing else"
        )
    task = tasks.build(config, info)
    model = construct.build(config.model, num_classes=task.output_shape[-1], dtype=jnp.float32)
    arrays = weights.read_safetensors(path / pretrained.WEIGHTS)
    return Run(path, config, info, model, unflatten_dict(arrays, sep="/"), summary["tested_step"], summary)


def _last_validation(path: Path, step: int) -> dict[str, float]:
    rows = read_rows(path / "metrics.jsonl")
    rows = [row for row in rows if row["split"] == "validation" and row["step"] <= step]
    return {f"validation_{k}": v for k, v in rows[-1].items() if k not in ("step", "split")} if rows else {}
