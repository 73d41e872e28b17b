"""An ONNX graph under construction, and the values in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from jaxcnn.errors import UserError

OPSET, IR_VERSION = 18, 10
"""Of 2022 and 2024: old enough for the runtimes in use."""
LARGEST = 2**31 - 1
"""Bytes of an ONNX file, whose format is protobuf's."""
INPUT, OUTPUT = "images", "answers"


@dataclass(frozen=True)
class Value:
    """What an array of the traced program is in the graph: known by name, or a constant."""

    shape: tuple[Any, ...]
    """Of the program's array; a dimension may be symbolic."""
    dtype: np.dtype
    name: str = ""
    array: np.ndarray | None = None
    held: tuple[Any, ...] | None = None
    """The shape in the graph: axes that are only repeated have length 1, and operations on elements broadcast them."""

    @property
    def narrow(self) -> bool:
        return self.held is not None and self.held != self.shape


class Graph:
    """Nodes and constants; every method that adds a node returns the name of its result."""

    def __init__(self, batch: Any) -> None:
        self.batch = batch
        """The symbolic number of images."""
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[TensorProto] = []
        self._known: dict[Any, str] = {}
        self._bytes = 0
        self._count = ""

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        (name,) = self.add_all(operator, *inputs, outputs=1, **attributes)
        return name

    def add_all(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        names = [f"{operator.lower()}{len(self._nodes)}_{index}" for index in range(outputs)]
        self._nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names

    def constant(self, array: Any, dtype: Any = None) -> str:
        array = np.array(array, dtype, order="C")
        key = (array.dtype, array.shape, sha256(array.tobytes()).digest())
        if key in self._known:  # of another view of the images, or a number that occurs again
            return self._known[key]
        self._bytes += array.nbytes
        if self._bytes > LARGEST:
            raise UserError("the network is larger than the 2 GB of an ONNX file: export it as .stablehlo")
        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        self._known[key] = name
        return name

    def name(self, value: Value) -> str:
        """The name of a value as it is, narrow or not."""
        return value.name if value.array is None else self.constant(value.array)

    def full(self, value: Value) -> str:
        """The name of a value whose repeated axes are written out."""
        if not value.narrow:
            return self.name(value)
        return self.add("Expand", self.name(value), self.shape(value.shape))

    def reshape(self, name: str, shape: Sequence[Any]) -> str:
        symbolic = [size for size in shape if not isinstance(size, int)]
        if len(symbolic) > 1:
            return self.add("Reshape", name, self.shape(shape))
        sizes = [size if isinstance(size, int) else -1 for size in shape]
        return self.add("Reshape", name, self.constant(sizes, np.int64))

    def shape(self, shape: Sequence[Any]) -> str:
        """A tensor of these sizes, in which the batch is the number of images at hand."""
        if all(isinstance(size, int) for size in shape):
            return self.constant(list(shape), np.int64)
        return self.add("Concat", *map(self._size, shape), axis=0)

    def _size(self, size: Any) -> str:
        if isinstance(size, int):
            return self.constant([size], np.int64)
        if size != self.batch:
            raise UserError(f"ONNX export knows no array of {size} rows, as this network has one")
        self._count = self._count or self.add("Shape", INPUT, start=0, end=1)
        return self._count

    def model(self, images: Value, result: Value, facts: dict[str, str]) -> onnx.ModelProto:
        """The whole, checked."""
        self._nodes.append(helper.make_node("Identity", [self.full(result)], [OUTPUT]))
        graph = helper.make_graph(
            self._nodes, "jaxcnn", [_declared(INPUT, images)], [_declared(OUTPUT, result)], self._constants
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="jaxcnn", ir_version=IR_VERSION
        )
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model)
        return model


def _declared(name: str, value: Value) -> onnx.ValueInfoProto:
    sizes = [size if isinstance(size, int) else str(size) for size in value.shape]
    return helper.make_tensor_value_info(name, element_type(value.dtype), sizes)


def element_type(dtype: Any) -> int:
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
