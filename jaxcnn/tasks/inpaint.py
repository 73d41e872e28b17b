"""Fill a hole in a picture."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.errors import UserError
from jaxcnn.tasks.pictures import Restoration, restoration
from jaxcnn.tasks.task import Setting, Task


def inpaint(setting: Setting, *, hole: int = 16) -> Task:
    """A square in the middle is gray, the mean of the data; only what is put there is judged.

    The baselines are that mean, and the harmonic fill: every pixel in the hole is the mean of its four neighbors, an
    exact linear solve.
    Source: Pathak et al. 2016, arXiv:1604.07379.

    Options:
        hole: side of the square.
    """
    height, width, channels = setting.image_shape
    if not 0 < hole <= min(height, width) - 2:
        raise UserError(f"inpaint:hole is the side of a square inside {height} x {width}, not {hole}")
    where = np.zeros((height, width, 1), np.float32)
    top, left = (height - hole) // 2, (width - hole) // 2
    where[top : top + hole, left : left + hole] = 1
    mean = setting.denormalize(jnp.zeros(channels))

    def hollow(pictures: Array) -> Array:
        return jnp.where(where > 0, mean, pictures)

    fill = harmonic(where[..., 0] > 0)
    baselines = {"mean": [lambda given: given], "harmonic": [fill]}
    task = Restoration(lambda draw, pictures: hollow(pictures), baselines, fill, hollow, where=where)
    return restoration(setting, "inpaint", task)


def harmonic(inside: np.ndarray) -> Callable[[Array], Array]:
    """`inside` [H, W] booleans -> a function of pictures [B, H, W, C] that fills these pixels harmonically."""
    places = np.flatnonzero(inside)
    number = {int(place): index for index, place in enumerate(places)}
    width = inside.shape[1]
    laplace = 4 * np.eye(len(places))
    border = np.zeros((len(places), inside.size))
    for index, place in enumerate(places):
        for neighbor in (place - 1, place + 1, place - width, place + width):
            if int(neighbor) in number:
                laplace[index, number[int(neighbor)]] = -1
            else:
                border[index, neighbor] = 1
    around = np.flatnonzero(border.any(0))  # only these pixels matter
    solution = np.linalg.solve(laplace, border[:, around]).astype(np.float32)

    def fill(pictures: Array) -> Array:
        flat = pictures.reshape(len(pictures), -1, pictures.shape[-1])
        values = jnp.einsum("ip,bpc->bic", solution, flat[:, around], precision="highest")
        return flat.at[:, places].set(values).reshape(pictures.shape)

    return fill
