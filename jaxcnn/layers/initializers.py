"""Initializers of kernels by name: functions (key, shape, dtype) -> array, as Flax takes them.

A kernel is [*window, channels in, channels out]; fan-in is window x channels in, fan-out is window x channels out.
"""

import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import initializers
from jax.typing import DTypeLike

from jaxcnn.errors import UserError, lookup

Initializer = Callable[..., jax.Array]

torch_uniform: Initializer = initializers.variance_scaling(1 / 3, "fan_in", "uniform")
"""U(-a, a), a = 1/sqrt(fan-in): PyTorch's default for convolutions and dense layers."""


def dirac(key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike = jnp.float32) -> jax.Array:
    """Kernels whose first outputs copy the inputs, one channel each; further outputs are `torch_uniform`.

    Source: Zagoruyko and Komodakis 2017, arXiv:1706.00388, section 3; airbench (Jordan 2024, arXiv:2404.00498), 3.2.
    """
    *window, inputs, outputs = shape
    copies = min(inputs, outputs)
    center = tuple(side // 2 for side in window)
    kernel = torch_uniform(key, shape, dtype).at[..., :copies].set(0)
    channels = jnp.arange(copies)
    return kernel.at[(*center, channels, channels)].set(1)


def initializer(name: str) -> Initializer:
    """The initializer called `name`, or of a given size as in `normal(0.01)`; UserError if there is none."""
    sized = re.fullmatch(r"(\w+)\((.*)\)", name)
    if sized is None:
        return lookup(INITIALIZERS, name, "initializer")
    make = lookup(SIZED, sized[1], "initializer that takes a number")
    try:
        return make(float(sized[2]))
    except ValueError:
        raise UserError(f"initializer {name!r}: {sized[2]!r} is not a number; write for example normal(0.01)") from None


SIZED: dict[str, Callable[[Any], Initializer]] = {
    "constant": initializers.constant,
    "normal": initializers.normal,  # its standard deviation
    "orthogonal": initializers.orthogonal,  # the factor on the orthogonal matrix
    "truncated_normal": initializers.truncated_normal,  # the standard deviation before it is cut at two of them
}

# He's are normal and not truncated, as in the paper (He et al. 2015, arXiv:1502.01852, section 2.2) and unlike
# Flax's; `_fan_out` is the backward form, which the ResNets of fb.resnet.torch and torchvision use.
INITIALIZERS: dict[str, Initializer] = {
    "dirac": dirac,
    "glorot_normal": initializers.glorot_normal(),
    "glorot_uniform": initializers.glorot_uniform(),
    "he_normal": initializers.variance_scaling(2.0, "fan_in", "normal"),
    "he_normal_fan_out": initializers.variance_scaling(2.0, "fan_out", "normal"),
    "he_uniform": initializers.he_uniform(),
    "lecun_normal": initializers.lecun_normal(),
    "lecun_uniform": initializers.lecun_uniform(),
    "normal": initializers.normal(0.01),
    "orthogonal": initializers.orthogonal(),
    "torch_uniform": torch_uniform,
    "truncated_normal": initializers.truncated_normal(0.02),
    "zeros": initializers.zeros,
}
