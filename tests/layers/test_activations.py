"""Activations by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.errors import UserError
from jaxcnn.layers import ACTIVATIONS, activation

# Values at 1 and at -1, worked out by hand from each definition.
VALUES = {
    "celu": (1, np.expm1(-1)),
    "elu": (1, np.expm1(-1)),
    "gelu": (0.8413447, -0.1586553),
    "gelu_tanh": (0.8411920, -0.1588080),
    "hard_sigmoid": (4 / 6, 2 / 6),
    "hard_swish": (4 / 6, -2 / 6),
    "identity": (1, -1),
    "leaky_relu": (1, -0.01),
    "mish": (0.8650984, -0.3034015),
    "relu": (1, 0),
    "relu6": (1, 0),
    "scaled_tanh": (1, -1),
    "selu": (1.0507010, 1.0507010 * 1.6732632 * np.expm1(-1)),
    "sigmoid": (0.7310586, 0.2689414),
    "silu": (0.7310586, -0.2689414),
    "softplus": (1.3132617, 0.3132617),
    "tanh": (0.7615942, -0.7615942),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values(name: str):
    np.testing.assert_allclose(activation(name)(jnp.array([1.0, -1.0])), VALUES[name], rtol=1e-4)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_shape_and_type_stay_and_gradients_are_finite(name: str):
    x = jnp.linspace(-50, 50, 24, dtype=jnp.bfloat16).reshape(2, 3, 4)
    y = activation(name)(x)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert jnp.isfinite(jax.grad(lambda x: activation(name)(x).sum())(x.astype(jnp.float32))).all()


def test_a_bad_activation_is_one_clear_error():
    with pytest.raises(UserError, match="unknown activation 'rellu': did you mean 'relu'"):
        activation("rellu")
