"""Our variables as a state dict of PyTorch's, by the names of a library: the inverse of `import_weights`."""

from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict

from jaxcnn.models.torchvision import twin_of
from jaxcnn.weights.arrays import COUNTERS
from jaxcnn.weights.files import save_arrays
from jaxcnn.weights.names import require_same_network, theirs

VARIANCE = ".running_var"
SHAPES = {("torchvision", "layer_scale"): (-1, 1, 1)}
"""(library, leaf) -> the shape of its entry there, where it is not a vector."""


def export_weights(
    model: nn.Module, variables: Any, image_shape: tuple[int, ...], library: str = "torchvision"
) -> dict[str, np.ndarray]:
    """The entries that `load_state_dict(strict=True)` of the library's network takes, by name.

    `image_shape` [height, width, channels] is that of the images that the model takes.
    Raises: UserError if the library has no network of this family, or one that computes something else.
    """
    names = theirs(model, image_shape, library)
    require_same_network(model, library)
    leaves = {name: np.asarray(leaf) for name, leaf in flatten_dict(variables, sep="/").items()}
    entries, channels = {}, image_shape[-1]
    for leaf, name in names.items():
        array = leaves[leaf]
        if leaf.endswith("/kernel"):
            entries[name], channels = np.ascontiguousarray(from_kernel(array, channels)), array.shape[-1]
            continue
        entries[name] = array.reshape(SHAPES.get((library, leaf.rpartition("/")[2]), array.shape))
    counters = {name.removesuffix(VARIANCE) for name in entries if name.endswith(VARIANCE)}
    return entries | {f"{norm}.{COUNTERS[0]}": np.zeros((), np.int64) for norm in sorted(counters)}


def from_kernel(kernel: np.ndarray, channels: int) -> np.ndarray:
    """PyTorch's layout of a kernel, the inverse of `as_kernel`; `channels` are those of the layer before."""
    if kernel.ndim == 4:
        return kernel.transpose(3, 2, 0, 1)
    if kernel.ndim != 2:
        return kernel
    inputs, outputs = kernel.shape
    side = isqrt(inputs // channels)
    if side < 2 or channels * side * side != inputs:
        return kernel.T
    return kernel.T.reshape(outputs, side, side, channels).transpose(0, 3, 1, 2).reshape(outputs, inputs)


def save_foreign_weights(
    path: str | Path, name: str, model: nn.Module, variables: Any, image_shape: tuple[int, ...], library: str
) -> str:
    """Writes `export_weights` as .safetensors; returns what to say of it.

    Raises: UserError as `export_weights`, and if the file cannot be written.
    """
    entries = export_weights(model, variables, image_shape, library)
    save_arrays(path, entries)
    known = twin_of(name) if library == "torchvision" else None
    whose = f"of {library}'s {known}" if known else f"by the names of {library}"
    return f"{len(entries)} entries {whose}; safetensors.torch.load_file reads them for load_state_dict"
