"""Where a run starts: `init.source` -> the variables of a run, of a step of it, or of a .safetensors file."""

from collections.abc import Callable
from pathlib import Path
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
from jaxcnn.runs.load import load
from jaxcnn.types import Tree
from jaxcnn.weights.transfer import transfer

WHITENED = 5000
"""Number of training images whose patches determine whitening filters."""


def read(path: str, model: nn.Module) -> tuple[Tree, str]:
    """The {"params", "batch_stats"} at `path`, and a short description of them.

    `path` is a run's folder, `FOLDER@STEP`, or a .safetensors file, ours or foreign; the names of a foreign one are
    translated into those of `model`.
    Raises: UserError if it does not exist or cannot be read.
    """
    if path.endswith(".safetensors"):
        return _read_file(path, model), path
    folder, at, step = path.rpartition("@")
    if not at or Path(path).exists():
        folder, step = path, ""
    if step and not step.isdigit():
        raise UserError(f"init.source: {step!r} of {path!r} is not a step: write it as {folder}@2000")
    if not (there := Path(folder).expanduser()).is_dir():
        runs = [str(run.parent) for run in there.parent.glob("*/config.json")]
        hint = f": {did_you_mean(folder, runs)}" if runs else ""
        raise UserError(f"init.source: {folder!r} is neither the folder of a run nor a .safetensors file{hint}")
    run = load(folder, step=int(step) if step else None)
    return run.variables, f"{folder}, {run.config.model} at step {run.step:,}"


def _read_file(path: str, model: nn.Module) -> Tree:
    """The variables in a file of ours; or in a foreign one, whatever its number of classes."""
    arrays = weights.read_safetensors(path)
    if any(name.startswith("params/") for name in arrays):
        return {"params": {}, "batch_stats": {}, **unflatten_dict(arrays, sep="/")}
    classes = dict.fromkeys(array.shape[0] for array in reversed(arrays.values()) if array.ndim == 2)
    # A state dict does not say how many classes it has: try the number of outputs of each dense layer.
    return _first_that_fits([model.clone(num_classes=count) for count in classes], arrays)


def _first_that_fits(models: list[nn.Module], arrays: dict[str, np.ndarray]) -> Tree:
    refused: UserError | None = None
    for model in models:
        try:
            return weights.import_weights(model, arrays).variables
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
    source, what = read(config.init.source, model)
    variables, report = transfer(source, fresh, config.init.restore)
    say(f"start   from {what}\n{report}")
    return variables, {"from": what, **report.to_dict()}
