"""How large a model is and what one image costs, from shapes alone: nothing is computed or allocated."""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn


@dataclass(frozen=True)
class Counts:
    """Elements of the `params` and `batch_stats` collections, and multiply-adds of one image in evaluation."""

    parameters: int
    batch_stats: int
    macs: int


def count(module: nn.Module, image_shape: tuple[int, ...] = (32, 32, 3)) -> Counts:
    """Count `module` on images of shape `image_shape` (without the batch axis).

    Multiply-adds are those of convolutions and dense layers, the usual convention: no biases, normalisation,
    activations or pools; floating-point operations are twice as many. Whatever computes a convolution, it counts as
    what its kernel and output say.
    """
    images = jax.ShapeDtypeStruct((1, *image_shape), jnp.float32)
    variables = jax.eval_shape(lambda x: module.init(jax.random.key(0), x, train=False), images)
    macs = 0

    def observe(call: Any, args: Any, kwargs: Any, context: nn.module.InterceptorContext) -> Any:
        nonlocal macs
        output = call(*args, **kwargs)
        if context.method_name == "__call__" and context.module.has_variable("params", "kernel"):
            macs += _macs(context.module, output)
        return output

    with nn.intercept_methods(observe):
        jax.eval_shape(lambda v, x: module.apply(v, x, train=False), variables, images)
    return Counts(_size(variables.get("params")), _size(variables.get("batch_stats")), macs)


def _macs(layer: nn.Module, output: jax.Array) -> int:
    kernel = layer.get_variable("params", "kernel")
    # A kernel is used once at every position of the output; a locally connected layer has one for each position.
    positions = 1 if isinstance(layer, nn.ConvLocal) else output.size // output.shape[-1]
    return positions * math.prod(kernel.shape)


def _size(tree: Any) -> int:
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))
