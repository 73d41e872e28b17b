"""Convolutions and pools -> ONNX operators, whose images are [batch, channel, height, width]."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from jaxcnn.errors import UserError
from jaxcnn.export.graph import Graph, Value
from jaxcnn.export.shapes import Parameters, Rule

TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)


def _convolution(graph: Graph, inputs: list[Value], parameters: Parameters, _: Sequence[Any]) -> list[str]:
    images, kernel = inputs
    numbers = parameters["dimension_numbers"]
    x = graph.add("Transpose", graph.full(images), perm=list(numbers.lhs_spec))
    weights = _turned(graph, kernel, numbers.rhs_spec)
    y = _convolved(graph, x, weights, parameters)
    back = np.argsort(numbers.out_spec).tolist()
    return [graph.add("Transpose", y, perm=back)]


def _convolved(graph: Graph, x: str, weights: Value, parameters: Parameters) -> str:
    lows, highs = zip(*parameters["padding"], strict=True)
    window = weights.shape[2:]
    if parameters["batch_group_count"] != 1:
        raise UserError("ONNX export has no translation of a convolution in batch groups: export it as .stablehlo")
    if set(parameters["lhs_dilation"]) == {1}:
        return graph.add(
            "Conv",
            x,
            graph.name(weights),
            kernel_shape=list(window),
            strides=list(parameters["window_strides"]),
            pads=[*lows, *highs],
            dilations=list(parameters["rhs_dilation"]),
            group=parameters["feature_group_count"],
        )
    plain = (parameters["feature_group_count"], *parameters["window_strides"], *parameters["rhs_dilation"])
    if set(plain) != {1} or weights.array is None:
        raise UserError("ONNX export has no translation of this transposed convolution: export it as .stablehlo")
    # A convolution of images with zeros between their pixels is the transpose of one with the kernel turned.
    turned = weights.array.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    pads = [side - 1 - pad for pads in (lows, highs) for side, pad in zip(window, pads, strict=True)]
    strides = list(parameters["lhs_dilation"])
    return graph.add("ConvTranspose", x, graph.constant(turned), kernel_shape=list(window), strides=strides, pads=pads)


def _turned(graph: Graph, kernel: Value, axes: Sequence[int]) -> Value:
    shape = tuple(kernel.shape[axis] for axis in axes)
    if kernel.array is not None and not kernel.narrow:
        return Value(shape, kernel.dtype, array=kernel.array.transpose(axes))
    return Value(shape, kernel.dtype, graph.add("Transpose", graph.full(kernel), perm=list(axes)))


def _pool(operator: str, graph: Graph, inputs: list[Value], parameters: Parameters, _: Sequence[Any]) -> list[str]:
    window, strides, padding = (parameters[name] for name in ("window_dimensions", "window_strides", "padding"))
    dilations = (*parameters["base_dilation"], *parameters["window_dilation"])
    if len(window) != 4 or (window[0], window[3]) != (1, 1) or set(dilations) != {1}:
        raise UserError(f"ONNX export has no translation of a pool over {list(window)}: export it as .stablehlo")
    lows, highs = zip(*padding[1:3], strict=True)
    counted = {"count_include_pad": 1} if operator == "AveragePool" else {}
    x = graph.add("Transpose", graph.full(inputs[0]), perm=list(TO_NCHW))
    settings = {"kernel_shape": list(window[1:3]), "strides": list(strides[1:3]), "pads": [*lows, *highs]}
    y = graph.add("Transpose", graph.add(operator, x, **settings, **counted), perm=list(TO_NHWC))
    return [graph.add("Mul", y, graph.constant(math.prod(window), np.float32))] if counted else [y]


WINDOWS: dict[str, Rule] = {
    "conv_general_dilated": _convolution,
    "reduce_window_max": partial(_pool, "MaxPool"),
    "reduce_window_sum": partial(_pool, "AveragePool"),
}
