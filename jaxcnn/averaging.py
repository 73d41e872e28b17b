"""The exponential moving average of a network's variables."""

import jax
import jax.numpy as jnp
from jax import Array

from jaxcnn.types import Tree


def moving_average(decay: float, step: Array, ema: Tree, variables: Tree) -> Tree:
    """The average after `step` updates of it, updated once more; None if there is none.

    The decay is min(decay, (1 + step) / (10 + step)), so that the initial weights are soon forgotten and an average is
    of use in a short run. Source: `tf.train.ExponentialMovingAverage` with `num_updates`.
    """
    if ema is None:
        return None
    fraction = jnp.maximum(1 - decay, 9 / (10 + step))
    # In this form, and not decay * old + (1 - decay) * new, an average of what is frozen does not move by a bit.
    return jax.tree.map(lambda old, new: old + fraction * (new - old), ema, variables)
