"""Foreign entries become our leaves, by name: every entry is used, every leaf filled, every shape checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from jaxcnn.errors import UserError
from jaxcnn.weights.arrays import as_kernel

Shapes = Mapping[str, tuple[int, ...]]
Arrays = Mapping[str, np.ndarray]
Names = Mapping[str, str]
"""Our leaf -> their entry."""


@dataclass(frozen=True)
class Taken:
    """One of our leaves, and the entry that it came from."""

    name: str
    path: str
    """With the collection: `params/stem/conv/kernel`."""
    how: str
    array: np.ndarray


def choose(layouts: Mapping[str, Names], leaves: Shapes, arrays: Arrays) -> str:
    """The library whose entries `arrays` has, with none left over.

    Raises: UserError for the first entry that is missing, by the library of which the fewest are, or left over.
    """
    missing = {library: [leaf for leaf in leaves if names[leaf] not in arrays] for library, names in layouts.items()}
    library = min(missing, key=lambda each: len(missing[each]))
    names, absent = layouts[library], missing[library]
    wanted = {entry: leaf for leaf, entry in names.items()}
    strange = [entry for entry in arrays if entry not in wanted]
    if absent:
        leaf, near = absent[0], _nearest(names[absent[0]], strange)
        raise UserError(
            f"the weights have no {names[leaf]!r} for {leaf} {list(leaves[leaf])} of the model ({len(absent)} of "
            f"{len(leaves)} entries by {library}'s names are missing); "
            + (f"did you mean {near!r} {list(arrays[near].shape)}?" if near else "no entry of theirs is left over")
        )
    if strange:
        entry, near = strange[0], wanted[_nearest(strange[0], wanted)]
        raise UserError(
            f"the weights have {entry!r} {list(arrays[entry].shape)}, which the model has no place for ({len(strange)} "
            f"of {len(arrays)} entries are left over by {library}'s names); the nearest known entry is {names[near]!r} "
            f"for {near} {list(leaves[near])}. Is it another variant of the model?"
        )
    return library


def _nearest(name: str, known: Iterable[str]) -> str:
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=0)), "")


def take(names: Names, leaves: Shapes, arrays: Arrays, channels: int) -> list[Taken]:
    """All of our leaves, in the order in which the model computes, for images with this number of channels.

    Raises: UserError that names both sides, for an entry with a different shape.
    """
    taken = []
    for leaf, shape in leaves.items():
        found, kernel = arrays[names[leaf]], leaf.endswith("/kernel")
        array, how = as_kernel(found, channels) if kernel else (found.reshape(-1), "")
        if array.shape != shape:
            raise UserError(
                f"{names[leaf]} is {list(found.shape)} in the weights, which does not become the model's {leaf} "
                f"{list(shape)}; is it another width or number of classes, or are the images of another size "
                "(image_shape)?"
            )
        taken.append(Taken(names[leaf], leaf, how, array))
        channels = shape[-1] if kernel else channels
    return taken


def check_same(ours: Shapes, theirs: Arrays) -> None:
    """Checks that our own file has the names and shapes of the model.

    Raises: UserError that names the first difference.
    """
    for name in sorted(ours.keys() | theirs.keys()):
        mine = list(ours[name]) if name in ours else "absent"
        other = list(theirs[name].shape) if name in theirs else "absent"
        if mine != other:
            raise UserError(f"the weights do not fit the model: {name} is {other} there and {mine} in the model")
