"""Arrays from PyTorch, and PyTorch's layouts of them."""

from collections.abc import Mapping
from math import isqrt
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxcnn.errors import UserError

COUNTERS = ("num_batches_tracked",)


def foreign_arrays(state_dict: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Arrays of what may be tensors, on any device; floats become float32.

    Raises: UserError for an entry that is not an array of numbers.
    """
    return {str(name): _array(str(name), value) for name, value in state_dict.items()}


def _array(name: str, value: Any) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if value.is_floating_point() else value
    array = np.asarray(value)
    if name.endswith(COUNTERS):
        return array
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise UserError(
            f"the entry {name!r} holds {type(value).__name__} of {array.dtype}, not floats; weights are a flat state "
            "dict of arrays by name (of a whole training checkpoint, take the state dict in it)"
        )
    return array.astype(np.float32)


def as_kernel(weight: np.ndarray, channels: int) -> tuple[np.ndarray, str]:
    """A kernel in Flax's layout and what was done to it; `channels` is the number of channels of the layer before.

    The inputs of a dense layer after a flattened image are reordered too.
    """
    if weight.ndim == 4:
        return weight.transpose(2, 3, 1, 0), "OIHW -> HWIO"
    if weight.ndim != 2:
        return weight, ""
    outputs, inputs = weight.shape
    side = isqrt(inputs // channels)
    if side < 2 or channels * side * side != inputs:
        return weight.T, "OI -> IO"
    pixels = weight.reshape(outputs, channels, side, side).transpose(0, 2, 3, 1)
    return pixels.reshape(outputs, inputs).T, "CHW -> HWC, OI -> IO"
