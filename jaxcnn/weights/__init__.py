"""Foreign weights in and out: PyTorch state dicts and Flax variables, and `.safetensors` files."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.traverse_util import unflatten_dict

from jaxcnn.errors import UserError
from jaxcnn.weights.arrays import COUNTERS, foreign_arrays
from jaxcnn.weights.files import read_safetensors, save_weights
from jaxcnn.weights.foreign import export_weights
from jaxcnn.weights.leaves import shapes
from jaxcnn.weights.matching import Taken, check_same, choose, take
from jaxcnn.weights.names import AUXILIARY, entries, require_same_network, tables_of, theirs
from jaxcnn.weights.wrapping import unwrapped, without_prefixes

__all__ = ["Imported", "Report", "export_weights", "import_weights", "read_safetensors", "save_weights", "theirs"]

SIDES = (224, 299, 32)
"""Pixels a side of the images that networks are made for, in the order in which they are tried."""


@dataclass(frozen=True)
class Report:
    """The outcome for every entry of some weights."""

    taken: tuple[Taken, ...]
    ignored: Mapping[str, str]
    """Entry -> why nothing of the model corresponds to it."""
    notes: tuple[str, ...] = ()
    """What was done to the source before its entries were looked at, and by whose names they were."""

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
            *self.notes,
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

    `source` maps names to arrays or tensors, or is a `.safetensors` file; a file of `save_weights` is read as well. The
    state dict may be in the dict of a whole checkpoint, and its names may have prefixes of DataParallel and the like.
    `theirs` says which entry goes where. Every entry is used or listed as ignored, every leaf is filled.
    `image_shape` [height, width, channels] matters where a layer covers the whole image; without it 224, 299 and then
    32 pixels a side are tried.

    Raises: UserError that names both sides of the first thing that does not fit.
    """
    state, opened = unwrapped(source if isinstance(source, Mapping) else read_safetensors(source))
    arrays, shortened = without_prefixes(foreign_arrays(state))
    errors = []
    for shape in [image_shape] if image_shape else [(side, side, 3) for side in SIDES]:
        try:
            imported = _import(model, arrays, shape)
            notes = (*opened, *shortened, *imported.report.notes)
            return imported._replace(report=replace(imported.report, notes=notes))
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
    library = choose(layouts, leaves, named)
    require_same_network(model, library)
    taken = take(layouts[library], leaves, named, channels=image_shape[-1])
    return _imported(taken, ignored, f"by the names of {library}")


def _imported(taken: list[Taken], ignored: Mapping[str, str], *notes: str) -> Imported:
    flat = {tuple(leaf.path.split("/")): jnp.asarray(leaf.array) for leaf in taken}
    variables = {"params": {}, "batch_stats": {}, **unflatten_dict(flat)}
    return Imported(variables, Report(tuple(taken), ignored, notes))
