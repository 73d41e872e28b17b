"""Operations on elements: JAX's primitive -> ONNX operators, which broadcast."""

from collections.abc import Callable
from functools import partial, reduce
from typing import Any

import numpy as np

from jaxcnn.export.graph import Graph, element_type

Names = list[str]
Parameters = dict[str, Any]
Rule = Callable[[Graph, Names, Parameters], str]


def _operator(name: str) -> Rule:
    return lambda graph, inputs, _: graph.add(name, *inputs)


def _chain(*names: str) -> Rule:
    """Operators of one argument, one after the other."""
    return lambda graph, inputs, _: reduce(lambda each, name: graph.add(name, each), names, inputs[0])


def _negated(name: str) -> Rule:
    return lambda graph, inputs, _: graph.add("Not", graph.add(name, *inputs))


def _integer_pow(graph: Graph, inputs: Names, parameters: Parameters) -> str:
    (x,), power = inputs, parameters["y"]
    return graph.add("Mul", x, x) if power == 2 else graph.add("Pow", x, graph.constant(power, np.float32))


def _square(graph: Graph, inputs: Names, _: Parameters) -> str:
    return graph.add("Mul", inputs[0], inputs[0])


def _with_one(operator: str, graph: Graph, inputs: Names, parameters: Parameters) -> str:
    """log(1 + x), exp(x) - 1 and 1 - erf(x), in float32."""
    one = graph.constant(1, np.float32)
    (x,) = inputs
    if operator == "Log":
        return graph.add("Log", graph.add("Add", x, one))
    if operator == "Exp":
        return graph.add("Sub", graph.add("Exp", x), one)
    return graph.add("Sub", one, graph.add("Erf", x))


def _remainder(graph: Graph, inputs: Names, _: Parameters) -> str:
    return graph.add("Mod", *inputs, fmod=1)


def _select(graph: Graph, inputs: Names, _: Parameters) -> str:
    which, otherwise, chosen = inputs
    return graph.add("Where", which, chosen, otherwise)


def _clamp(graph: Graph, inputs: Names, _: Parameters) -> str:
    low, x, high = inputs
    return graph.add("Min", graph.add("Max", x, low), high)


def _convert(graph: Graph, inputs: Names, parameters: Parameters) -> str:
    return graph.add("Cast", inputs[0], to=element_type(parameters["new_dtype"]))


def _scale(graph: Graph, inputs: Names, _: Parameters) -> str:
    x, factor, *offset = inputs
    product = graph.add("Mul", x, factor)
    return graph.add("Add", product, *offset) if offset else product


ELEMENTS: dict[str, Rule] = {
    "abs": _operator("Abs"),
    "add": _operator("Add"),
    "add_any": _operator("Add"),
    "and": _operator("And"),
    "ceil": _operator("Ceil"),
    "clamp": _clamp,
    "convert_element_type": _convert,
    "copy": _operator("Identity"),
    "copy_p": _operator("Identity"),
    "cos": _operator("Cos"),
    "div": _operator("Div"),
    "eq": _operator("Equal"),
    "erf": _operator("Erf"),
    "erfc": partial(_with_one, "Erf"),
    "exp": _operator("Exp"),
    "expm1": partial(_with_one, "Exp"),
    "floor": _operator("Floor"),
    "ge": _operator("GreaterOrEqual"),
    "gt": _operator("Greater"),
    "integer_pow": _integer_pow,
    "jaxcnn_scale": _scale,
    "le": _operator("LessOrEqual"),
    "log": _operator("Log"),
    "log1p": partial(_with_one, "Log"),
    "logistic": _operator("Sigmoid"),
    "lt": _operator("Less"),
    "max": _operator("Max"),
    "min": _operator("Min"),
    "mul": _operator("Mul"),
    "ne": _negated("Equal"),
    "neg": _operator("Neg"),
    "not": _operator("Not"),
    "or": _operator("Or"),
    "pow": _operator("Pow"),
    "rem": _remainder,
    "round": _operator("Round"),
    "rsqrt": _chain("Sqrt", "Reciprocal"),
    "select_n": _select,
    "sign": _operator("Sign"),
    "sin": _operator("Sin"),
    "sqrt": _operator("Sqrt"),
    "square": _square,
    "stop_gradient": _operator("Identity"),
    "sub": _operator("Sub"),
    "tanh": _operator("Tanh"),
}
