"""The calls of a network's submodules: their variables and outputs, or other results in their place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn


class Call(NamedTuple):
    """One call of a module: its path (`stage1_block1/conv1`, empty for the whole model) and output."""

    path: str
    module: nn.Module
    variables: dict[str, Any]
    """Of the module and the modules in it, at the end of the call."""
    output: Any


@contextmanager
def around_calls(act: Callable[..., Any]) -> Iterator[None]:
    """Inside, whenever a module is called, the result is that of `act(module, call, *args, **kwargs)`."""

    def intercept(call: Any, args: Any, kwargs: Any, context: nn.module.InterceptorContext) -> Any:
        if context.method_name != "__call__":
            return call(*args, **kwargs)
        return act(context.module, call, *args, **kwargs)

    with nn.intercept_methods(intercept):
        yield


def calls(function: Callable[..., Any], *args: Any) -> list[Call]:
    """The calls of modules while `function(*args)` runs, in the order in which they finish.

    Under a transformation (`jax.eval_shape`) the arrays are its tracers, of which only shapes are of use afterwards.
    """
    seen: list[Call] = []
    running: list[str] = []

    def record(module: nn.Module, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        path = "/".join(module.path)
        if path in running:  # a layer that calls the one it extends is one layer
            return call(*args, **kwargs)
        running.append(path)
        output = call(*args, **kwargs)
        running.pop()
        seen.append(Call(path, module, dict(module.variables), output))
        return output

    with around_calls(record):
        function(*args)
    return seen


def submodules(model: nn.Module, image_shape: tuple[int, ...]) -> list[str]:
    """The paths (`stage1_block1/conv1`) of all submodules that images of this shape pass through."""
    images = jax.ShapeDtypeStruct((1, *image_shape), jnp.float32)
    found = calls(jax.eval_shape, lambda x: model.init(jax.random.key(0), x, train=False), images)
    return list(dict.fromkeys(call.path for call in found if call.path))


def outputs_of(model: nn.Module, variables: Any, images: jax.Array, layer: str) -> Any:
    """The output of the submodule `layer` for normalized images [B, H, W, C]; that of its last call, if many."""
    found = calls(lambda: model.apply(variables, images, train=False))
    return [call.output for call in found if call.path == layer][-1]
