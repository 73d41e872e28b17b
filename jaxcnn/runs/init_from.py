"""Where a run starts: `init.source` -> the variables of a run, of a step of it, or of a .safetensors file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict

from jaxcnn import weights
from jaxcnn.config import Config, InitConfig
from jaxcnn.console.terminal import say
from jaxcnn.errors import UserError, did_you_mean
from jaxcnn.layers.whitening import whitening_filters
from jaxcnn.paths import user_path
from jaxcnn.runs import pretrained
from jaxcnn.runs.load import Run, load
from jaxcnn.types import Tree
from jaxcnn.weights.transfer import transfer

WHITENED = 5000
"""Number of training images whose patches determine whitening filters."""


@dataclass(frozen=True)
class Source:
    """Weights to start from."""

    variables: Tree
    """{"params", "batch_stats"}."""
    what: str
    """A short description."""
    run: Run | None = None
    """The run that they were trained in, if it is known."""


def read(path: str, model: nn.Module, setting: str = "init.source") -> Source:
    """The weights at `path`: a run's folder, `FOLDER@STEP`, `pretrained:NAME`, or a .safetensors file, ours or foreign.

    The names of a foreign one are translated into those of `model`; messages name the `setting`.
    Raises: UserError if it does not exist or cannot be read.
    """
    if path.endswith(".safetensors"):
        variables, notes = _read_file(path, model)
        return Source(variables, ", ".join([path, *notes]))
    if path.startswith(pretrained.PREFIX):
        run = load(path)
        return Source(run.variables, f"{path}, {run.config.model} at step {run.step:,}", run)
    folder, at, step = path.rpartition("@")
    if not at or user_path(path).exists():
        folder, step = path, ""
    if step and not step.isdecimal():
        raise UserError(f"{setting}: {step!r} of {path!r} is not a step: write it as {folder}@2000")
    if not (there := user_path(folder)).is_dir():
        runs = [str(run.parent) for run in there.parent.glob("*/config.json")]
        hint = f": {did_you_mean(folder, runs)}" if runs else ""
        raise UserError(f"{setting}: {folder!r} is neither the folder of a run nor a .safetensors file{hint}")
    run = load(there, step=int(step) if step else None)
    return Source(run.variables, f"{there}, {run.config.model} at step {run.step:,}", run)


def _read_file(path: str, model: nn.Module) -> tuple[Tree, tuple[str, ...]]:
    """The variables in a file of ours, or in a foreign one whatever its number of classes; and how that was read."""
    arrays = weights.read_safetensors(path)
    if any(name.startswith("params/") for name in arrays):
        return {"params": {}, "batch_stats": {}, **unflatten_dict(arrays, sep="/")}, ()
    classes = dict.fromkeys(array.shape[0] for array in reversed(arrays.values()) if array.ndim == 2)
    # A state dict does not say how many classes it has: try the number of outputs of each dense layer.
    return _first_that_fits([model.clone(num_classes=count) for count in classes], arrays)


def _first_that_fits(models: list[nn.Module], arrays: dict[str, np.ndarray]) -> tuple[Tree, tuple[str, ...]]:
    refused: UserError | None = None
    for model in models:
        try:
            imported = weights.import_weights(model, arrays)
            return imported.variables, imported.report.notes
        except UserError as error:
            refused = refused or error
    raise refused or UserError("init.source: the file holds no layer")


def whiten(path: str, images: np.ndarray, normalize: Callable[[jax.Array], jax.Array], variables: Tree) -> Tree:
    """`variables` with the whitening filters of `images` [B, H, W, C] uint8 as the kernel at `path`.

    Raises: UserError if there is no such kernel, or if it does not have the shape of whitening filters.
    """
    kernels: dict[str, Any] = flatten_dict(variables["params"], sep="/")
    if path not in kernels:
        raise UserError(f"init.whiten: there is no {path!r}; {did_you_mean(path, list(kernels))}")
    filters = whitening_filters(normalize(jax.numpy.asarray(images)), kernels[path].shape[0])
    if filters.shape != kernels[path].shape:
        theirs, ours = list(filters.shape), list(kernels[path].shape)
        raise UserError(f"init.whiten: whitening filters of that window are {theirs}, and {path} is {ours}")
    return variables | {"params": unflatten_dict({**kernels, path: filters}, sep="/")}


def start(config: Config, model: nn.Module, fresh: Tree) -> tuple[Tree, dict[str, Any]]:
    """The variables that the first step starts from, and a report of what was loaded (empty if nothing was).

    Raises: UserError if `init.source` or `init.restore` does not fit the model.
    """
    if not config.init.source:
        if config.init.restore != InitConfig().restore:
            raise UserError("init.restore is set but init.source is empty")
        return fresh, {}
    source = read(config.init.source, model)
    variables, report = transfer(source.variables, fresh, config.init.restore)
    warnings = _other_normalization(config, source.run)
    say("\n".join([f"start   from {source.what}", str(report), *(f"WARNING: {warning}" for warning in warnings)]))
    return variables, {"from": source.what, **report.to_dict(), **({"warnings": warnings} if warnings else {})}


def _other_normalization(config: Config, run: Run | None) -> list[str]:
    """A warning if the weights were trained on images in other units than this run's; a file does not say."""
    ours = config.data.normalization
    theirs = run.config.data.normalization if run else ours
    if theirs == ours:
        return []
    return [
        f"these weights were trained with data.normalization {theirs!r}, and this run has {ours!r}: their first layer "
        f"gets other numbers than it was trained on. To keep theirs, add --data.normalization {theirs}"
    ]
