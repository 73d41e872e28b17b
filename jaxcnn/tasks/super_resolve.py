"""Enlarge a picture."""

import jax
from jax import Array

from jaxcnn.augment import Draw
from jaxcnn.errors import UserError
from jaxcnn.tasks.fidelity import rounded
from jaxcnn.tasks.pictures import Restoration, restoration
from jaxcnn.tasks.task import Setting, Task


def super_resolve(setting: Setting, *, factor: int = 2) -> Task:
    """Pictures that were made `factor` times smaller, and rounded to bytes, are to be enlarged again.

    Both ways are bicubic (Keys' kernel with a = -1/2; smoothed before it is made smaller); the baseline is the bicubic
    enlargement.

    Options:
        factor: how many times the picture grows; it must divide both sides.
    """
    height, width, channels = setting.image_shape
    if factor < 2 or height % factor or width % factor:
        raise UserError(f"super_resolve:factor must be at least 2 and divide {height} and {width}, not {factor}")
    small = (height // factor, width // factor, channels)

    def spoil(draw: Draw, pictures: Array) -> Array:
        return rounded(resized(pictures, small))

    def bicubic(given: Array) -> Array:
        return resized(given, setting.image_shape)

    task = Restoration(spoil, {"bicubic": [bicubic]}, shown=bicubic, shape_of_input=small)
    return restoration(setting, "super_resolve", task)


def resized(pictures: Array, shape: tuple[int, ...]) -> Array:
    return jax.image.resize(pictures.astype("float32"), (len(pictures), *shape), "cubic", antialias=True)
