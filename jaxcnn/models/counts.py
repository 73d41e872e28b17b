"""How large a model is and what one image costs. Only shapes are used: nothing is computed or allocated."""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxcnn.models.trace import Call, calls


@dataclass(frozen=True)
class Counts:
    """Elements of the `params` and `batch_stats` collections, and MACs of one image in evaluation."""

    parameters: int
    batch_stats: int
    macs: int


@dataclass(frozen=True)
class LayerCounts:
    """The same for one layer: its own variables, not those of the layers in it."""

    path: str
    kind: str
    output: tuple[int, ...]
    """Without the batch axis."""
    counts: Counts


def count(module: nn.Module, image_shape: tuple[int, ...] = (32, 32, 3), variables: Any = None) -> Counts:
    """Count `module` on images of shape `image_shape` (without the batch axis), with its `variables` if they are there.

    Multiply-adds are those of convolutions and dense layers, the usual convention: no biases, normalization,
    activations or pools; floating-point operations are twice as many. A convolution is
    counted by its kernel and its output, by whichever code it is computed.
    """
    images, variables = _abstract(module, image_shape, variables)
    macs = sum(layer.counts.macs for layer in _layers(module, variables, images))
    return Counts(_size(variables.get("params")), _size(variables.get("batch_stats")), macs)


def count_layers(module: nn.Module, image_shape: tuple[int, ...] = (32, 32, 3)) -> list[LayerCounts]:
    """Every layer that evaluation uses and that has variables of its own, in the order in which they finish."""
    images, variables = _abstract(module, image_shape)
    return _layers(module, variables, images)


def _abstract(
    module: nn.Module, image_shape: tuple[int, ...], variables: Any = None
) -> tuple[jax.ShapeDtypeStruct, Any]:
    images = jax.ShapeDtypeStruct((1, *image_shape), jnp.float32)
    return images, variables or jax.eval_shape(lambda x: module.init(jax.random.key(0), x, train=False), images)


def _layers(module: nn.Module, variables: Any, images: jax.ShapeDtypeStruct) -> list[LayerCounts]:
    found = calls(jax.eval_shape, lambda v, x: module.apply(v, x, train=False), variables, images)
    return [_layer(call) for call in found if any(_own(call, name) for name in ("params", "batch_stats"))]


def _layer(call: Call) -> LayerCounts:
    counts = Counts(_size(_own(call, "params")), _size(_own(call, "batch_stats")), _macs(call))
    return LayerCounts(call.path, type(call.module).__name__, call.output.shape[1:], counts)


def _own(call: Call, collection: str) -> list[Any]:
    """The arrays of a collection that are the layer's, not those of the layers in it."""
    return [leaf for leaf in call.variables.get(collection, {}).values() if hasattr(leaf, "shape")]


def _macs(call: Call) -> int:
    kernel = call.variables.get("params", {}).get("kernel")
    if kernel is None:
        return 0
    # A kernel is used once at every position of the output; a locally connected layer has one for each position.
    positions = 1 if isinstance(call.module, nn.ConvLocal) else call.output.size // call.output.shape[-1]
    return positions * math.prod(kernel.shape)


def _size(tree: Any) -> int:
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))
