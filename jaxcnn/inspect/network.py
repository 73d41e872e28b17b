"""A network that can be looked into: scores of classes, and gradients at any layer, without touching its code.

Everything is in evaluation and in float32, whatever the network was trained in.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax import Array

from jaxcnn import tasks
from jaxcnn.data.preprocess import normalizer
from jaxcnn.errors import UserError, did_you_mean
from jaxcnn.models.trace import around_calls, calls
from jaxcnn.runs.load import Run
from jaxcnn.types import Tree

SIDE = 8
"""The layer that is explained by default is the last whose map has at least this side."""

Score = Callable[[Array], Array]
"""Normalized images [B, H, W, C] -> one number for each [B]: the logit of a class."""


@dataclass(frozen=True)
class Network:
    """A model with its variables, in evaluation and float32."""

    model: nn.Module
    variables: Tree
    input_shape: tuple[int, ...]
    """Height, width, channels of an image."""

    def logits(self, images: Array) -> Array:
        """Normalized images [B, H, W, C] -> logits [B, K]; one logit z of two classes is (-z/2, z/2)."""
        logits = cast(Array, self.model.apply(self.variables, images, train=False)).astype(jnp.float32)
        return jnp.concatenate([-logits, logits], axis=-1) / 2 if logits.shape[-1] == 1 else logits

    def score(self, classes: Array) -> Score:
        """The logit of one class for each image, never its probability (Simonyan et al. 2014, arXiv:1312.6034)."""
        return lambda images: jnp.take_along_axis(self.logits(images), classes[:, None], axis=1)[:, 0]

    def places(self) -> dict[str, tuple[int, int]]:
        """Layer -> height and width of its map, for every layer that has places, in the order of the computation."""
        images = jax.ShapeDtypeStruct((1, *self.input_shape), jnp.float32)
        found = calls(jax.eval_shape, lambda x: self.model.apply(self.variables, x, train=False), images)
        maps = {call.path: call.output for call in found if call.path and getattr(call.output, "ndim", 0) == 4}
        return {path: output.shape[1:3] for path, output in maps.items()}

    def default_layer(self) -> str:
        """The last layer whose map has a side of at least SIDE, else the last with the largest.

        Raises: UserError for a network without places.
        """
        places = self._require_places()
        wanted = min(SIDE, max(min(size) for size in places.values()))
        return [path for path, size in places.items() if min(size) >= wanted][-1]

    def stages(self) -> dict[int, str]:
        """Reduction -> the last layer whose map is that many times smaller than the image."""
        height = self.input_shape[0]
        return {round(height / size[0]): path for path, size in self._require_places().items() if min(size) > 1}

    def check_layer(self, layer: str) -> str:
        """`layer`.

        Raises: UserError for one that the network does not have, or that has no places to show.
        """
        places = self._require_places()
        if layer not in places:
            raise UserError(f"there is no layer {layer!r} with places: {did_you_mean(layer, places)}")
        if min(places[layer]) == 1:
            raise UserError(f"the map of {layer} has only one place; take {self.default_layer()}")
        return layer

    def _require_places(self) -> dict[str, tuple[int, int]]:
        places = self.places()
        if not places:
            raise UserError("this network has no layer with places: it sees an image as one list of numbers")
        return places

    def at_layer(self, layer: str, images: Array, classes: Array) -> tuple[Array, Array]:
        """The output of `layer` [B, h, w, C] and the gradient of the classes' logits by it."""
        activations = jax.eval_shape(partial(self._moved, layer), images, jnp.float32(0))[1]

        def total(step: Array) -> tuple[Array, Array]:
            logits, output = self._moved(layer, images, step)
            return jnp.take_along_axis(logits, classes[:, None], axis=1).sum(), output

        gradient, output = jax.grad(total, has_aux=True)(jnp.zeros(activations.shape, jnp.float32))
        return output.astype(jnp.float32), gradient

    def _moved(self, layer: str, images: Array, step: Array) -> tuple[Array, Array]:
        """Logits if `step` is added to the output of `layer`, and that output."""
        kept: list[Array] = []
        running: list[str] = []

        def act(module: nn.Module, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            path = "/".join(module.path)
            if path != layer or path in running:
                return call(*args, **kwargs)
            running.append(path)
            output = call(*args, **kwargs)
            running.pop()
            kept.append(output)
            return output + step.astype(output.dtype)

        with around_calls(act):
            logits = self.logits(images)
        return logits, kept[-1]


def network_of(run: Run) -> Network:
    """The network of a run.

    Raises: UserError for a task whose answers are not classes.
    """
    if run.task.class_names != run.data.label_names or run.task.takes_several_labels:
        raise UserError(f"{run.path} has the task {run.config.task}: what decides is asked of the classes of the data")
    shape = tasks.network_input(run.config, run.task)
    return Network(run.model.clone(dtype=jnp.float32), run.variables, shape)


def normalized(run: Run, images: np.ndarray) -> Array:
    """uint8 images as the network of a run sees them, in float32."""
    return normalizer(replace(run.config, dtype="float32"), run.data)(jnp.asarray(images))
