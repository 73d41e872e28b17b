"""Activations by name: functions [...] -> [...], element by element."""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from jaxcnn.errors import lookup

Activation = Callable[[jax.Array], jax.Array]

VECTOR = 16
"""Numbers in a vector of 512 bits."""


def identity(x: jax.Array) -> jax.Array:
    """`x` itself: a network of these is linear."""
    return x


def scaled_tanh(x: jax.Array) -> jax.Array:
    """1.7159 tanh(2x/3), which takes 1 to 1 (LeCun et al. 1998, "Gradient-Based Learning", appendix A)."""
    return 1.7159 * jnp.tanh(x * (2 / 3))


@jax.custom_jvp
def relu(x: jax.Array) -> jax.Array:
    """max(x, 0), with the gradient 0 at 0.

    The gradient reads the result, which is kept for the next layer anyway, so that x need not be. Both compute in
    float32, like the layers before and after: a CPU has no arithmetic in bfloat16 and would convert in between.
    """
    return jnp.maximum(_wide(x), 0).astype(x.dtype)


@relu.defjvp
def _relu_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    (x,), (tangent,) = primals, tangents
    y = lax.optimization_barrier(relu(x))  # XLA would ask x > 0, and keep both
    wide = _wide(tangent)
    return y, (wide * (y > 0).astype(wide.dtype)).astype(tangent.dtype)


@jax.custom_jvp
def gelu(x: jax.Array) -> jax.Array:
    """x Phi(x) with the exact normal distribution function (Hendrycks and Gimpel 2016, arXiv:1606.08415).

    `jax.nn.gelu` computes it through erfc, and its derivative through erfc's: twice the time on a CPU. What is kept for
    the gradient is the slope, in x's type: without barriers XLA keeps the distribution function, in float32.
    """
    wide = _wide(_side_by_side(x))
    return _as(x, wide * _normal_distribution(wide))


@gelu.defjvp
def _gelu_jvp(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
    (x,), (tangent,) = primals, tangents
    wide = _wide(lax.optimization_barrier(_side_by_side(x)))
    density = jnp.exp(-wide * wide / 2) / math.sqrt(2 * math.pi)
    slope = _as(x, _normal_distribution(wide) + wide * density)
    return gelu(x), tangent * lax.optimization_barrier(slope)


def _side_by_side(x: jax.Array) -> jax.Array:
    """[..., W, C] -> [..., W C] where channels do not fill vectors: a CPU computes the rest number by number."""
    if x.ndim < 2 or x.shape[-1] % VECTOR == 0:
        return x
    return lax.optimization_barrier(x.reshape(*x.shape[:-2], -1))


def _as(x: jax.Array, values: jax.Array) -> jax.Array:
    """Values of x `_side_by_side` in x's type and shape."""
    values = values.astype(x.dtype)
    return values if values.shape == x.shape else lax.optimization_barrier(values).reshape(x.shape)


def _wide(x: jax.Array) -> jax.Array:
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


def _normal_distribution(x: jax.Array) -> jax.Array:
    return (1 + lax.erf(x * math.sqrt(0.5))) / 2


def maxout(x: jax.Array) -> jax.Array:
    """The greater of every two channels (Goodfellow et al. 2013, arXiv:1302.4389): [..., 2 C] -> [..., C]."""
    return x.reshape(*x.shape[:-1], -1, 2).max(-1)


def unit_activation(name: str) -> tuple[int, Activation]:
    """How many channels a layer computes for each unit, and what makes one of them: `maxout` takes two, others one.

    Raises: UserError for an unknown name.
    """
    return (2, maxout) if name == "maxout" else (1, activation(name))


def activation(name: str) -> Activation:
    """The activation called `name`; UserError if there is none."""
    return lookup(ACTIVATIONS, name, "activation")


ACTIVATIONS: dict[str, Activation] = {
    "celu": jax.nn.celu,
    "elu": jax.nn.elu,
    "gelu": gelu,
    "gelu_tanh": partial(jax.nn.gelu, approximate=True),
    "hard_sigmoid": jax.nn.hard_sigmoid,
    "hard_swish": jax.nn.hard_swish,
    "identity": identity,
    "leaky_relu": jax.nn.leaky_relu,
    "mish": jax.nn.mish,
    "relu": relu,
    "relu6": jax.nn.relu6,
    "scaled_tanh": scaled_tanh,
    "selu": jax.nn.selu,
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
    "tanh": jax.nn.tanh,
}
