"""The pure step, mapped over an axis by vmap: one process stands for several devices."""

from functools import partial
from typing import Any

import jax
import numpy as np

from jaxcnn.train import train_step
from jaxcnn.train_state import DeviceDataset, Recipe, TrainState


def step_over(recipe: Recipe, parts: int) -> Any:
    """A train step whose batch is cut into `parts`, as if on that many devices; compiled."""

    def step(state: TrainState, pool: DeviceDataset, indices: jax.Array) -> Any:
        one_device = partial(train_step, recipe, state, pool)
        if parts == 1:  # nothing is summed over the axis, so that the results belong to it
            return jax.tree.map(lambda x: x[0], jax.vmap(one_device, axis_name=recipe.axis)(indices[None]))
        return jax.vmap(one_device, axis_name=recipe.axis, out_axes=None)(indices.reshape(parts, -1))

    return jax.jit(step)


def assert_close(first: Any, second: Any, tolerance: float) -> None:
    """Of every two leaves of two trees."""
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance), first, second)
