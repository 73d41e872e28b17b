"""A traced function as an ONNX graph, primitive by primitive; what depends on constants only is computed here."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
import onnx
from jax import export
from jax.extend import core

from jaxcnn.errors import UserError
from jaxcnn.export.elements import ELEMENTS
from jaxcnn.export.graph import INPUT, Graph, Value
from jaxcnn.export.shapes import SHAPES
from jaxcnn.export.windows import WINDOWS
from jaxcnn.ops.plain import plain_operations

OTHERS = {**SHAPES, **WINDOWS}
INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Parameters in which a primitive holds the program that it runs."""


def to_onnx(
    function: Callable[[jax.Array], jax.Array], image_shape: Sequence[int], dtype: Any, facts: dict[str, str]
) -> onnx.ModelProto:
    """The model that computes `function` of images [batch, height, width, channels], for any number of images.

    `facts` become its metadata.
    Raises: UserError for an operation that has no translation, and for a network of more than 2 GB.
    """
    (batch,) = export.symbolic_shape("batch")
    images = jax.ShapeDtypeStruct((batch, *image_shape), dtype)
    with plain_operations():
        traced = jax.make_jaxpr(lambda images: function(images))(images)
    graph = Graph(batch)
    (result,) = _run(graph, traced, [Value(images.shape, np.dtype(dtype), INPUT)])
    return graph.model(Value(images.shape, np.dtype(dtype), INPUT), result, facts)


def _run(graph: Graph, closed: Any, inputs: Sequence[Value]) -> list[Value]:
    """The values of a program's results."""
    jaxpr, values = closed.jaxpr, {}

    def read(atom: Any) -> Value:
        kind: Any = atom.aval
        return _constant(atom.val, kind.dtype) if isinstance(atom, core.Literal) else values[atom]

    values.update(zip(jaxpr.constvars, map(_constant, closed.consts), strict=True))
    values.update(zip(jaxpr.invars, inputs, strict=True))
    for equation in jaxpr.eqns:
        results = _equation(graph, equation, [read(atom) for atom in equation.invars])
        values.update(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _equation(graph: Graph, equation: Any, inputs: list[Value]) -> list[Value]:
    name, results = equation.primitive.name, [variable.aval for variable in equation.outvars]
    inner = next((equation.params[key] for key in INNER if key in equation.params), None)
    if inner is not None:
        closed = inner if hasattr(inner, "consts") else core.ClosedJaxpr(inner, ())
        return _run(graph, closed, inputs)
    known = all(isinstance(size, int) for result in results for size in result.shape)
    if known and all(value.array is not None and not value.narrow for value in inputs):
        return _computed(equation, inputs)
    if name == "optimization_barrier":
        return inputs
    if name in ELEMENTS:
        return [_elementwise(graph, equation, inputs)]
    if name not in OTHERS:
        raise UserError(f"ONNX export has no translation of {name!r}, which this network uses: export it as .stablehlo")
    names = OTHERS[name](graph, inputs, equation.params, results)
    if isinstance(names, Value):
        return [names]
    return [Value(result.shape, result.dtype, each) for result, each in zip(results, names, strict=True)]


def _elementwise(graph: Graph, equation: Any, inputs: list[Value]) -> Value:
    result = equation.outvars[0].aval
    name = ELEMENTS[equation.primitive.name](graph, [graph.name(value) for value in inputs], equation.params)
    return Value(result.shape, result.dtype, name, held=_broadcast([value.held or value.shape for value in inputs]))


def _broadcast(shapes: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """The shape that operations on elements give to operands of these."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(next((size for size in sizes if size != 1), 1) for sizes in zip(*padded, strict=True))


def _computed(equation: Any, inputs: list[Value]) -> list[Value]:
    parameters = equation.primitive.get_bind_params(equation.params)
    results = equation.primitive.bind(*(value.array for value in inputs), **parameters)
    return list(map(_constant, results if equation.primitive.multiple_results else [results]))


def _constant(array: Any, dtype: Any = None) -> Value:
    array = np.asarray(array, dtype)
    return Value(array.shape, array.dtype, array=array)
