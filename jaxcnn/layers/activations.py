"""Activations by name: functions [...] -> [...], element by element."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from jaxcnn.errors import lookup

Activation = Callable[[jax.Array], jax.Array]


def identity(x: jax.Array) -> jax.Array:
    """`x` itself: a network of these is linear."""
    return x


def scaled_tanh(x: jax.Array) -> jax.Array:
    """1.7159 tanh(2x/3), which takes 1 to 1 (LeCun et al. 1998, "Gradient-Based Learning", appendix A)."""
    return 1.7159 * jnp.tanh(x * (2 / 3))


def activation(name: str) -> Activation:
    """The activation called `name`; UserError if there is none."""
    return lookup(ACTIVATIONS, name, "activation")


ACTIVATIONS: dict[str, Activation] = {
    "celu": jax.nn.celu,
    "elu": jax.nn.elu,
    "gelu": partial(jax.nn.gelu, approximate=False),
    "gelu_tanh": partial(jax.nn.gelu, approximate=True),
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "hard_swish": jax.nn.hard_swish,
    "identity": identity,
    "leaky_relu": jax.nn.leaky_relu,
    "mish": jax.nn.mish,
    "relu": jax.nn.relu,
    "relu6": jax.nn.relu6,
    "scaled_tanh": scaled_tanh,
    "selu": jax.nn.selu,
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
    "tanh": jax.nn.tanh,
}
