"""The pure step, mapped over an axis by vmap: one process stands for several devices."""

from functools import partial

import jax
import numpy as np

from jaxcnn import train


def step_over(recipe, parts):
    """A train step whose batch is cut into `parts`, as if on that many devices."""

    def step(state, pool, indices):
        one_device = partial(train.train_step, recipe, state, pool)
        if parts == 1:  # nothing is summed over the axis, so that the results belong to it
            return jax.tree.map(lambda x: x[0], jax.vmap(one_device, axis_name=recipe.axis)(indices[None]))
        return jax.vmap(one_device, axis_name=recipe.axis, out_axes=None)(indices.reshape(parts, -1))

    return jax.jit(step)


def close(a, b, tolerance):
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance), a, b)
