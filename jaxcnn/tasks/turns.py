"""Four classes that need no labels: by how many quarter turns was this picture turned?"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax

from jaxcnn.augment import Draw
from jaxcnn.errors import UserError
from jaxcnn.tasks.classification import of_classes
from jaxcnn.tasks.task import Setting, Task

NAMES = ("0°", "90°", "180°", "270°")
QUARTERS = [partial(jnp.rot90, k=k) for k in range(4)]


def turns(setting: Setting) -> Task:
    """The number of quarter turns; it answers with probabilities [B, 4].

    A network learns to see before it is told any class. Source: RotNet, Gidaris et al. 2018, arXiv:1803.07728.
    """
    height, width, _ = setting.image_shape
    if height != width:
        raise UserError(f"the task turns needs square images, not {height} x {width}")

    def example(draw: Draw, images: Array, labels: Array) -> tuple[Array, Array]:
        quarters = draw.integers(4).reshape(-1)
        return jax.vmap(lambda image, k: lax.switch(k, QUARTERS, image))(images, quarters), quarters

    return of_classes(setting, NAMES, example=example)
