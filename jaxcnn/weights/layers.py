"""Entries of a network's weights gathered into layers: ours in the order they compute, foreign ones by their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import flatten_dict

from jaxcnn.errors import UserError

NAMES = {
    "convolution": {"weight": "kernel", "bias": "bias"},
    "dense": {"weight": "kernel", "bias": "bias"},
    "batch norm": {"weight": "scale", "bias": "bias", "running_mean": "mean", "running_var": "var"},
    "layer norm": {"weight": "scale", "bias": "bias"},
    "scale": {"layer_scale": "layer_scale", "gamma": "layer_scale"},
}
"""kind of layer -> PyTorch's name of an entry -> Flax's."""
COUNTERS = ("num_batches_tracked",)


@dataclass(frozen=True)
class Layer:
    """The entries of one layer by their own names: shapes of ours, arrays of a foreign one."""

    name: str
    kind: str
    entries: Mapping[str, Any]


def shapes(model: nn.Module, image_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """`params/stem/conv/kernel` -> its shape, of every leaf, in the order in which the model first uses them.

    Raises: UserError if the model does not take such images.
    """
    seen: dict[str, tuple[int, ...]] = {}

    def init(images: jax.Array) -> None:
        variables = model.init(jax.random.key(0), images, train=False)
        for collection in ("params", "batch_stats"):  # their dicts are in order here; a tree that is returned is sorted
            leaves: dict[str, Any] = flatten_dict(variables.get(collection, {}), sep="/")
            seen.update({f"{collection}/{path}": leaf.shape for path, leaf in leaves.items()})

    jax.eval_shape(init, jax.ShapeDtypeStruct((1, *image_shape), jnp.float32))
    return seen


def own_layers(leaves: Mapping[str, tuple[int, ...]]) -> list[Layer]:
    grouped: dict[str, dict[str, tuple[int, ...]]] = {}
    for path, shape in leaves.items():
        module, _, leaf = path.partition("/")[2].rpartition("/")
        name = f"{module}/{leaf}" if leaf in NAMES["scale"].values() else module
        grouped.setdefault(name, {})[leaf] = shape
    return [Layer(name, _own_kind(entries), entries) for name, entries in grouped.items()]


def foreign_layers(arrays: Mapping[str, np.ndarray]) -> list[Layer]:
    """The layers of a PyTorch state dict without its counters, in no particular order."""
    grouped: dict[str, dict[str, np.ndarray]] = {}
    for full, array in arrays.items():
        name, _, entry = full.rpartition(".")
        if entry not in COUNTERS:
            grouped.setdefault(full if entry in NAMES["scale"] else name, {})[entry] = array
    return [Layer(name, _foreign_kind(name, entries), entries) for name, entries in grouped.items()]


def _own_kind(entries: Mapping[str, tuple[int, ...]]) -> str:
    if "kernel" in entries:
        return "convolution" if len(entries["kernel"]) == 4 else "dense"
    if "mean" in entries:
        return "batch norm"
    return "layer norm" if "scale" in entries else "scale"


def _foreign_kind(name: str, entries: Mapping[str, np.ndarray]) -> str:
    kind = _guess(entries)
    for entry in entries:
        if entry not in NAMES[kind]:
            raise UserError(
                f"the entry {name}.{entry} {list(entries[entry].shape)} is of no known layer: a {kind} has "
                f"{', '.join(NAMES[kind])}"
            )
    return kind


def _guess(entries: Mapping[str, np.ndarray]) -> str:
    if entries.keys() & NAMES["scale"].keys():
        return "scale"
    if "running_mean" in entries or "running_var" in entries:
        return "batch norm"
    rank = entries["weight"].ndim if "weight" in entries else 1
    return {4: "convolution", 2: "dense"}.get(rank, "layer norm")


def foreign_arrays(state_dict: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Arrays of what may be tensors, on any device; floats become float32.

    Raises: UserError for an entry that is not an array of numbers.
    """
    return {str(name): _array(str(name), value) for name, value in state_dict.items()}


def _array(name: str, value: Any) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if value.is_floating_point() else value
    array = np.asarray(value)
    if name.endswith(COUNTERS):
        return array
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise UserError(
            f"the entry {name!r} holds {type(value).__name__} of {array.dtype}, not floats; weights are a flat state "
            "dict of arrays by name (of a whole training checkpoint, take the state dict in it)"
        )
    return array.astype(np.float32)
