"""Receptive fields: how much of an image a unit can see, by arithmetic, and how much it does see, by gradients."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.inspect.network import Network
from jaxcnn.models.trace import outputs_of


class Window(NamedTuple):
    """A convolution or a pool, along one axis."""

    size: int
    stride: int = 1
    dilation: int = 1


def receptive_field(windows: list[Window]) -> tuple[int, int]:
    """Pixels that a unit depends on along one axis, and pixels from one unit to the next.

    Each window adds (size - 1) x dilation steps of what is below it.
    """
    field, step = 1, 1
    for window in windows:
        field += (window.size - 1) * window.dilation * step
        step *= window.stride
    return field, step


def effective_field(network: Network, images: Array, layer: str) -> np.ndarray:
    """The mean absolute gradient of the middle unit of `layer` by the pixels: [H, W], its sum is 1.

    Source: Luo et al. 2016, arXiv:1701.04128.
    """

    @jax.jit
    def gradient(batch: Array) -> Array:
        def middle(x: Array) -> Array:
            found = outputs_of(network.model, network.variables, x, layer).astype(jnp.float32)
            return found[:, found.shape[1] // 2, found.shape[2] // 2].sum()

        return jnp.abs(jax.grad(middle)(batch)).mean((0, 3))

    found = np.asarray(gradient(images), np.float64)
    return found / max(found.sum(), 1e-300)


def extent(field: np.ndarray, share: float = 1.0) -> tuple[int, int]:
    """Height and width of the smallest box around the middle that holds `share` of a field; 1: all that is not zero.

    (0, 0) for a field that is zero everywhere.
    """
    if not field.any():
        return 0, 0
    if share >= 1:
        rows, columns = np.nonzero(field)
        return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
    sides = []
    for axis in (1, 0):
        profile = field.sum(axis)
        center = int(np.round((profile * np.arange(len(profile))).sum() / profile.sum()))
        sums = [profile[max(center - r, 0) : center + r + 1].sum() for r in range(len(profile))]
        sides.append(2 * int(np.searchsorted(sums, share * profile.sum())) + 1)
    return sides[0], sides[1]
