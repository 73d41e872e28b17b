"""The submodules of a model by their path, and what one of them gives."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn


def submodules(model: nn.Module, image_shape: tuple[int, ...]) -> list[str]:
    """The paths (`BasicBlock_3/Conv_0`) of all submodules that images of this shape pass through."""
    images = jax.ShapeDtypeStruct((1, *image_shape), jnp.float32)
    found: dict[str, None] = {}

    def observe(call: Any, args: Any, kwargs: Any, context: nn.module.InterceptorContext) -> Any:
        if context.method_name == "__call__" and context.module.path:
            found["/".join(context.module.path)] = None
        return call(*args, **kwargs)

    with nn.intercept_methods(observe):
        jax.eval_shape(lambda x: model.init(jax.random.key(0), x, train=False), images)
    return list(found)


def outputs_of(model: nn.Module, variables: Any, images: jax.Array, layer: str) -> Any:
    """What the submodule of the path `layer` gives for normalized images [B, H, W, C]; its last call's, if many."""

    def wanted(module: nn.Module, method: str) -> bool:
        return method == "__call__" and "/".join(module.path) == layer

    _, captured = model.apply(variables, images, train=False, capture_intermediates=wanted, mutable=["intermediates"])
    (calls,) = jax.tree.leaves(captured, is_leaf=lambda node: isinstance(node, tuple))
    return calls[-1]
