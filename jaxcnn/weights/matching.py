"""Foreign layers onto ours: every entry is used, every leaf filled, every shape checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt

import numpy as np

from jaxcnn.errors import UserError
from jaxcnn.weights.layers import NAMES, Layer

HOW = {"convolution": "OIHW -> HWIO", "dense": "OI -> IO"}
"""What happens to a kernel; the inputs of a dense layer after a flattened image are also reordered, CHW -> HWC."""

STATISTICS = ("mean", "var")


@dataclass(frozen=True)
class Taken:
    """One leaf of ours and where it came from."""

    name: str
    path: str
    """With the collection: `params/stem/conv/kernel`."""
    how: str
    array: np.ndarray


def pair(own: list[Layer], foreign: list[Layer]) -> list[tuple[Layer, Layer]]:
    """Ours with theirs, in our order: the n-th convolution with the n-th convolution, and so on.

    Raises: UserError if there are more of a kind on one side, naming the first that does not fit, or if kinds are
    shifted against each other.
    """
    partners: dict[str, Layer] = {}
    for kind in NAMES:
        ours, theirs = ([layer for layer in side if layer.kind == kind] for side in (own, foreign))
        if len(ours) != len(theirs):
            raise UserError(_uneven(kind, ours, theirs))
        partners |= {mine.name: other for mine, other in zip(ours, theirs, strict=True)}
    pairs = [(layer, partners[layer.name]) for layer in own]
    _check_blocks(pairs)
    return pairs


def _check_blocks(pairs: list[tuple[Layer, Layer]]) -> None:
    """That what is of one block here is of one block there: an entry lost here and added there would shift a kind."""
    for (first, other), (second, another) in pairwise(pairs):
        block = _parent(first.name, "/")
        together = block == _parent(second.name, "/") and first.kind != second.kind
        if not together or not (block or (first.kind, second.kind) == ("convolution", "batch norm")):
            continue
        theirs = sorted((_parent(other.name, ".") + ".", _parent(another.name, ".") + "."), key=len)
        if not theirs[1].startswith(theirs[0].lstrip(".")):
            raise UserError(
                f"{other.name} and {another.name} of the weights fall to {first.name} and {second.name} of the model, "
                "which are of one block: was an entry lost and another one added?"
            )


def _parent(name: str, separator: str) -> str:
    return name.rpartition(separator)[0]


def _uneven(kind: str, ours: list[Layer], theirs: list[Layer]) -> str:
    pairs = zip(ours, theirs, strict=False)
    at = next((i for i, (mine, other) in enumerate(pairs) if not _fit(mine, other)), min(len(ours), len(theirs)))
    mine = f"the model has {describe(ours[at])}" if at < len(ours) else "the model has none left"
    other = f"the weights have {describe(theirs[at])}" if at < len(theirs) else "the weights have none left"
    return (
        f"the weights hold {len(theirs)} layers of the kind {kind!r} and the model {len(ours)}. The first that do not "
        f"fit: {other} where {mine}. Was an entry lost or added, or is it another variant of the model?"
    )


def describe(layer: Layer) -> str:
    """`layer1.0.conv1 (weight [64, 64, 3, 3])`."""
    entries = ", ".join(f"{name} {list(getattr(value, 'shape', value))}" for name, value in layer.entries.items())
    return f"{layer.name} ({entries})"


def _fit(mine: Layer, other: Layer) -> bool:
    return {NAMES[mine.kind][entry] for entry in other.entries} == set(mine.entries) and all(
        sorted(other.entries[entry].shape) == sorted(mine.entries[NAMES[mine.kind][entry]]) for entry in other.entries
    )


def take(pairs: list[tuple[Layer, Layer]], channels: int) -> list[Taken]:
    """Every leaf of ours, from images of so many channels.

    Raises: UserError that names both sides, for an entry that is missing, left over or of another shape.
    """
    taken = []
    for mine, other in pairs:
        names = {NAMES[mine.kind][entry]: entry for entry in other.entries}
        if names.keys() != mine.entries.keys():
            raise UserError(f"the weights have {describe(other)} for the model's {describe(mine)}: the entries differ")
        for leaf, shape in mine.entries.items():
            found = other.entries[names[leaf]]
            array, how = _arranged(found, shape, channels) if leaf == "kernel" else (found.reshape(-1), "")
            if array.shape != shape:
                raise UserError(
                    f"{_full(other, names[leaf])} is {list(found.shape)} in the weights, which does not become the "
                    f"model's {_path(mine, leaf)} {list(shape)}; is it another width or number of classes, or are the "
                    "images of another size (image_shape)?"
                )
            taken.append(Taken(_full(other, names[leaf]), _path(mine, leaf), how, array))
        channels = mine.entries["kernel"][-1] if "kernel" in mine.entries else channels
    return taken


def _arranged(weight: np.ndarray, shape: tuple[int, ...], channels: int) -> tuple[np.ndarray, str]:
    """A kernel in Flax's layout; `channels` is the number of channels of the layer before."""
    if weight.ndim == 4:
        return weight.transpose(2, 3, 1, 0), HOW["convolution"]
    outputs, inputs = weight.shape
    side = isqrt(inputs // channels)
    if side < 2 or channels * side * side != inputs:
        return weight.T, HOW["dense"]
    pixels = weight.reshape(outputs, channels, side, side).transpose(0, 2, 3, 1)
    return pixels.reshape(outputs, inputs).T, "CHW -> HWC, " + HOW["dense"]


def _full(layer: Layer, entry: str) -> str:
    return layer.name if layer.kind == "scale" else f"{layer.name}.{entry}"


def _path(layer: Layer, leaf: str) -> str:
    collection = "batch_stats" if leaf in STATISTICS else "params"
    return f"{collection}/{layer.name}" + ("" if layer.kind == "scale" else f"/{leaf}")


def check_same(ours: Mapping[str, tuple[int, ...]], theirs: Mapping[str, np.ndarray]) -> None:
    """That our own file has the names and shapes of the model.

    Raises: UserError that names the first difference.
    """
    for name in sorted(ours.keys() | theirs.keys()):
        mine = list(ours[name]) if name in ours else "absent"
        other = list(theirs[name].shape) if name in theirs else "absent"
        if mine != other:
            raise UserError(f"the weights do not fit the model: {name} is {other} there and {mine} in the model")
