"""Primitives that move, join, cut and sum arrays -> ONNX operators."""

from collections.abc import Callable, Sequence
from functools import partial
from string import ascii_lowercase
from typing import Any

import numpy as np

from jaxcnn.errors import UserError
from jaxcnn.export.graph import Graph, Value, element_type

Parameters = dict[str, Any]
Rule = Callable[[Graph, list[Value], Parameters, Sequence[Any]], list[str] | Value]
"""(graph, operands, parameters, shapes of the results) -> names of the results, or the value of a single one."""
END = np.iinfo(np.int64).max


def _reshape(graph: Graph, inputs: list[Value], _: Parameters, results: Sequence[Any]) -> list[str]:
    return [graph.reshape(graph.full(inputs[0]), results[0].shape)]


def _broadcast(graph: Graph, inputs: list[Value], parameters: Parameters, results: Sequence[Any]) -> Value:
    """The operand with axes of length 1 where it is repeated."""
    operand, result = inputs[0], results[0]
    places = dict(zip(parameters["broadcast_dimensions"], operand.shape, strict=True))
    narrow = tuple(places.get(axis, 1) for axis in range(len(result.shape)))
    if operand.array is not None and not operand.narrow:
        return Value(result.shape, result.dtype, array=operand.array.reshape(narrow), held=narrow)
    name = graph.full(operand) if narrow == operand.shape else graph.reshape(graph.full(operand), narrow)
    return Value(result.shape, result.dtype, name, held=narrow)


def _spread(graph: Graph, inputs: list[Value], _: Parameters, results: Sequence[Any]) -> Value:
    axes = {"broadcast_dimensions": (len(results[0].shape) - 1,)}
    return _broadcast(graph, inputs, axes, results)


def _transpose(graph: Graph, inputs: list[Value], parameters: Parameters, _: Sequence[Any]) -> list[str]:
    return [graph.add("Transpose", graph.full(inputs[0]), perm=list(parameters["permutation"]))]


def _concatenate(graph: Graph, inputs: list[Value], parameters: Parameters, _: Sequence[Any]) -> list[str]:
    return [graph.add("Concat", *map(graph.full, inputs), axis=parameters["dimension"])]


def _split(graph: Graph, inputs: list[Value], parameters: Parameters, _: Sequence[Any]) -> list[str]:
    sizes = graph.constant(list(parameters["sizes"]), np.int64)
    count = len(parameters["sizes"])
    return graph.add_all("Split", graph.full(inputs[0]), sizes, outputs=count, axis=parameters["axis"])


def _pad(graph: Graph, inputs: list[Value], parameters: Parameters, _: Sequence[Any]) -> list[str]:
    lows, highs, inner = zip(*parameters["padding_config"], strict=True)
    if any(inner):
        raise UserError("ONNX export has no translation of padding between elements: export it as .stablehlo")
    operand, filler = inputs
    return [graph.add("Pad", graph.full(operand), graph.constant([*lows, *highs], np.int64), graph.full(filler))]


def _slice(graph: Graph, inputs: list[Value], parameters: Parameters, _: Sequence[Any]) -> list[str]:
    starts, limits = parameters["start_indices"], parameters["limit_indices"]
    strides = parameters["strides"] or (1,) * len(starts)
    bounds = zip(starts, limits, strides, inputs[0].shape, strict=True)
    cut = [(axis, *b[:3]) for axis, b in enumerate(bounds) if (b[0], b[2]) != (0, 1) or b[1] != b[3]]
    return [_sliced(graph, graph.full(inputs[0]), cut, inputs[0].shape)]


def _sliced(graph: Graph, name: str, cut: Sequence[tuple[Any, ...]], shape: Sequence[Any]) -> str:
    """`cut`: axis, start, limit and stride of each axis that is cut."""
    if not cut:
        return name
    axes, starts, limits, strides = zip(*cut, strict=True)
    ends = [END if limit == shape[axis] else limit for axis, limit in zip(axes, limits, strict=True)]
    return graph.add("Slice", name, *(graph.constant(list(each), np.int64) for each in (starts, ends, axes, strides)))


def _reverse(graph: Graph, inputs: list[Value], parameters: Parameters, _: Sequence[Any]) -> list[str]:
    axes = list(parameters["dimensions"])
    ends = [np.iinfo(np.int64).min] * len(axes)
    bounds = ([-1] * len(axes), ends, axes, [-1] * len(axes))
    return [graph.add("Slice", graph.full(inputs[0]), *(graph.constant(each, np.int64) for each in bounds))]


def _gather(graph: Graph, inputs: list[Value], parameters: Parameters, results: Sequence[Any]) -> list[str]:
    """What indexing by slices and constant arrays becomes: along each axis, places that are known."""
    operand, indices = inputs
    numbers, sizes = parameters["dimension_numbers"], parameters["slice_sizes"]
    name, axes = graph.full(operand), numbers.start_index_map
    if indices.array is None or indices.narrow or numbers.operand_batching_dims:
        raise UserError("ONNX export has no translation of indices that are computed: export it as .stablehlo")
    if indices.array.ndim == 1:
        cut = [(axis, int(at), int(at) + sizes[axis], 1) for axis, at in zip(axes, indices.array, strict=True)]
        return [graph.reshape(_sliced(graph, name, cut, operand.shape), results[0].shape)]
    placed = [axis for axis in range(len(results[0].shape)) if axis not in numbers.offset_dims]
    grid = np.meshgrid(*(_line(indices.array[..., at], at) for at in range(len(axes))), indexing="ij")
    if placed != list(axes) or not np.array_equal(np.stack(grid, -1), indices.array):
        raise UserError("ONNX export has no translation of this indexing: export it as .stablehlo")
    for at, axis in enumerate(axes):
        name = graph.add("Gather", name, graph.constant(_line(indices.array[..., at], at), np.int64), axis=axis)
    return [name]


def _line(indices: np.ndarray, axis: int) -> np.ndarray:
    """The indices along one axis of their grid."""
    return np.moveaxis(indices, axis, 0).reshape(indices.shape[axis], -1)[:, 0]


def _reduce(operator: str, graph: Graph, inputs: list[Value], parameters: Parameters, _: Sequence[Any]) -> list[str]:
    axes = graph.constant(list(parameters["axes"]), np.int64)
    return [graph.add(operator, graph.full(inputs[0]), axes, keepdims=0)]


def _argmax(graph: Graph, inputs: list[Value], parameters: Parameters, results: Sequence[Any]) -> list[str]:
    (axis,) = parameters["axes"]
    place = graph.add("ArgMax", graph.full(inputs[0]), axis=axis, keepdims=0)
    return [graph.add("Cast", place, to=element_type(results[0].dtype))]


def _product(graph: Graph, inputs: list[Value], parameters: Parameters, results: Sequence[Any]) -> list[str]:
    """MatMul where it is one, else Einsum, whose result has the axes of the batch, the first and the second operand."""
    (first, second), (batched, others) = parameters["dimension_numbers"]
    left, right = inputs
    if not batched and first == (len(left.shape) - 1,) and second == (0,) and len(right.shape) == 2:
        return [graph.add("MatMul", *map(graph.full, inputs))]
    letters = iter(ascii_lowercase)
    one, two = [""] * len(left.shape), [""] * len(right.shape)
    for here, there in (*zip(batched, others, strict=True), *zip(first, second, strict=True)):
        one[here] = two[there] = next(letters)
    kept = "".join(one[axis] for axis in batched)
    for axes in (one, two):
        for axis, letter in enumerate(axes):
            if not letter:
                axes[axis] = next(letters)
                kept += axes[axis]
    return [graph.add("Einsum", *map(graph.full, inputs), equation=f"{''.join(one)},{''.join(two)}->{kept}")]


SHAPES: dict[str, Rule] = {
    "argmax": _argmax,
    "broadcast_in_dim": _broadcast,
    "concatenate": _concatenate,
    "dot_general": _product,
    "expand_dims": _reshape,
    "gather": _gather,
    "jaxcnn_spread": _spread,
    "pad": _pad,
    "reduce_max": partial(_reduce, "ReduceMax"),
    "reduce_min": partial(_reduce, "ReduceMin"),
    "reduce_prod": partial(_reduce, "ReduceProd"),
    "reduce_sum": partial(_reduce, "ReduceSum"),
    "reshape": _reshape,
    "rev": _reverse,
    "slice": _slice,
    "split": _split,
    "squeeze": _reshape,
    "transpose": _transpose,
}
