"""Random crops of a whole picture, before it is brought to one size: `--data.train-crop random_resized`.

A crop is a pure function (numbers, width, height, side) -> a box (left, top, right, bottom) in pixels, which need not
be whole; what is in it is scaled to side x side. To add one, write a function and add it to CROPS.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from jaxcnn import specs
from jaxcnn.errors import UserError

Box = tuple[float, float, float, float]
Crop = Callable[[np.ndarray, int, int, int], Box]

TRIES = 10
DRAWN = 4 * TRIES
"""Numbers in 0 ... 1 that a crop may use."""


def random_resized(
    numbers: np.ndarray,
    width: int,
    height: int,
    side: int,
    *,
    area: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> Box:
    """A box of a random fraction of the area and a random ratio of width to height, anywhere; else the middle.

    Source: Szegedy et al. 2015, arXiv:1409.4842, section 6, with torchvision's distribution (RandomResizedCrop).
    """
    _require_range("random_resized: area", area, most=1.0)
    _require_range("random_resized: ratio", ratio)
    for size, shape, down, right in numbers[:DRAWN].reshape(TRIES, 4).astype(np.float64):
        pixels = width * height * (area[0] + size * (area[1] - area[0]))
        chosen = math.exp(math.log(ratio[0]) + shape * (math.log(ratio[1]) - math.log(ratio[0])))
        wide, tall = round(math.sqrt(pixels * chosen)), round(math.sqrt(pixels / chosen))
        if 0 < wide <= width and 0 < tall <= height:
            left, top = int(right * (width - wide + 1)), int(down * (height - tall + 1))
            return left, top, left + wide, top + tall
    wide, tall = min(width, round(height * ratio[1])), min(height, round(width / ratio[0]))
    left, top = (width - wide) // 2, (height - tall) // 2
    return left, top, left + wide, top + tall


def scale_jitter(
    numbers: np.ndarray, width: int, height: int, side: int, *, shortest: tuple[int, int] = (256, 512)
) -> Box:
    """Scales the shorter side to a random number of pixels and takes a square anywhere.

    Source: Simonyan and Zisserman 2014, arXiv:1409.1556, section 3.1; He et al. 2015 use 256 to 480.
    """
    low, high = shortest
    if not side <= low <= high:
        raise UserError(f"scale_jitter: shortest is two numbers of pixels in order, from {side}, not {shortest}")
    size, down, right = numbers[:3].astype(np.float64)
    edge = side * min(width, height) / (low + int(size * (high - low + 1)))
    left, top = right * (width - edge), down * (height - edge)
    return left, top, left + edge, top + edge


def random(numbers: np.ndarray, width: int, height: int, side: int, *, shortest: int = 256) -> Box:
    """Scales the shorter side to `shortest` pixels, takes the middle square, and of that a square anywhere.

    Source: Krizhevsky, Sutskever and Hinton 2012, sections 2 and 4.1 (224 out of 256).
    """
    if shortest < side:
        raise UserError(f"random: shortest must be at least {side} pixels, not {shortest}")
    down, right = numbers[:2].astype(np.float64)
    whole = min(width, height)
    edge = side * whole / shortest
    left, top = (width - whole) / 2 + right * (whole - edge), (height - whole) / 2 + down * (whole - edge)
    return left, top, left + edge, top + edge


CROPS: dict[str, Callable[..., Box]] = {
    "random_resized": random_resized,
    "scale_jitter": scale_jitter,
    "random": random,
}


@lru_cache(maxsize=8)
def build(spec: str, side: int) -> Crop:
    """The crop of a spec such as `random_resized:area=(0.35,1)`.

    Raises: UserError for an unknown name or option, or one that does not fit pictures of `side` pixels.
    """
    crop = specs.bind(CROPS, *specs.parse(spec), "train crop")
    crop(np.full(DRAWN, 0.5, np.float32), 2 * side, 2 * side, side)
    return crop


def _require_range(name: str, values: tuple[float, float], most: float = math.inf) -> None:
    if len(values) != 2 or not 0 < values[0] <= values[1] <= most:
        raise UserError(f"{name} is two numbers in order, greater than 0{' and at most 1' if most == 1 else ''}")
