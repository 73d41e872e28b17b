"""Squeeze a picture into a short code, and get it back."""

import jax.numpy as jnp

from jaxcnn.tasks.pictures import Restoration, restoration
from jaxcnn.tasks.task import Setting, Task


def autoencode(setting: Setting) -> Task:
    """The picture that comes out should be the one that went in; the network's code is narrow.

    The baseline is the mean color of each picture.
    """

    def mean_color(given: jnp.ndarray) -> jnp.ndarray:
        return jnp.broadcast_to(given.mean((1, 2), keepdims=True), given.shape)

    task = Restoration(lambda draw, pictures: pictures, {"mean_color": [mean_color]})
    return restoration(setting, "autoencode", task)
