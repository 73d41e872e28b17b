"""Weights from elsewhere: PyTorch state dicts into Flax variables, and `.safetensors` files in and out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import unflatten_dict

from jaxcnn.errors import UserError
from jaxcnn.weights.arrays import COUNTERS, foreign_arrays
from jaxcnn.weights.files import read_safetensors, save_weights
from jaxcnn.weights.leaves import shapes
from jaxcnn.weights.matching import Taken, check_same, choose, take
from jaxcnn.weights.names import AUXILIARY, entries, tables_of, theirs

__all__ = ["Imported", "Report", "import_weights", "read_safetensors", "save_weights", "theirs"]

SIDES = (224, 299, 32)
"""Pixels a side of the images that networks are made for, in the order in which they are tried."""


@dataclass(frozen=True)
class Report:
    """The outcome for every entry of some weights."""

    taken: tuple[Taken, ...]
    ignored: Mapping[str, str]
    """Entry -> why nothing of the model corresponds to it."""

    @property
    def parameters(self) -> int:
        return self._size("params/")

    @property
    def batch_stats(self) -> int:
        return self._size("batch_stats/")

    def _size(self, collection: str) -> int:
        return sum(leaf.array.size for leaf in self.taken if leaf.path.startswith(collection))

    def __str__(self) -> str:
        how = Counter(leaf.how or "as it is" for leaf in self.taken)
        why = Counter(self.ignored.values())
        lines = [
            f"{len(self.taken)} entries loaded: {self.parameters:,} parameters, {self.batch_stats:,} batch statistics",
            *(f"  {count:5}  {way}" for way, count in how.items()),
            f"{len(self.ignored)} entries ignored",
            *(f"  {count:5}  {reason}" for reason, count in why.items()),
        ]
        return "\n".join(lines)


class Imported(NamedTuple):
    """The variables {"params", "batch_stats"}, float32, and what was done."""

    variables: dict[str, Any]
    report: Report


def import_weights(
    model: nn.Module, source: Mapping[str, Any] | str | Path, image_shape: tuple[int, ...] | None = None
) -> Imported:
    """The variables of `model` from a state dict of torchvision's or timm's network of the same name.

    `source` maps names to arrays or tensors, or is a `.safetensors` file; a file of `save_weights` is read as well.
    `theirs` says which entry goes where. Every entry is used or listed as ignored, every leaf is filled.
    `image_shape` [height, width, channels] matters where a layer covers the whole image; without it 224, 299 and then
    32 pixels a side are tried.

    Raises: UserError that names both sides of the first thing that does not fit.
    """
    arrays = foreign_arrays(source if isinstance(source, Mapping) else read_safetensors(source))
    errors = []
    for shape in [image_shape] if image_shape else [(side, side, 3) for side in SIDES]:
        try:
            return _import(model, arrays, shape)
        except UserError as error:
            errors.append(error)
    raise errors[0]


def _import(model: nn.Module, arrays: Mapping[str, np.ndarray], image_shape: tuple[int, ...]) -> Imported:
    leaves = shapes(model, image_shape)
    if any(name.startswith("params/") for name in arrays):
        check_same(leaves, arrays)
        return _imported([Taken(name, name, "", array) for name, array in arrays.items()], {})
    ignored = {name: "num_batches_tracked" for name in arrays if name.endswith(COUNTERS)}
    if not getattr(model, "auxiliary", False):
        unbuilt = "auxiliary head (model built without it)"
        ignored |= {name: unbuilt for name in arrays if name.startswith(AUXILIARY) and name not in ignored}
    named = {name: array for name, array in arrays.items() if name not in ignored}
    layouts = {library: entries(table, leaves, library) for library, table in tables_of(model).items()}
    names = choose(layouts, leaves, named)
    return _imported(take(names, leaves, named, channels=image_shape[-1]), ignored)


def _imported(taken: list[Taken], ignored: Mapping[str, str]) -> Imported:
    flat = {tuple(leaf.path.split("/")): jnp.asarray(leaf.array) for leaf in taken}
    variables = {"params": {}, "batch_stats": {}, **unflatten_dict(flat)}
    return Imported(variables, Report(tuple(taken), ignored))
