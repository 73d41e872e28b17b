"""Initializers by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from jaxcnn.errors import UserError
from jaxcnn.layers import INITIALIZERS, initializer

KEY = jax.random.key(0)
SHAPE = (3, 3, 32, 64)
FAN_IN, FAN_OUT = 9 * 32, 9 * 64

# Variance of each on a kernel of SHAPE, from its definition.
VARIANCES = {
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "he_normal": 2 / FAN_IN,
    "he_normal_fan_out": 2 / FAN_OUT,
    "he_uniform": 2 / FAN_IN,
    "lecun_normal": 1 / FAN_IN,
    "lecun_uniform": 1 / FAN_IN,
    "normal": 0.01**2,
    "normal(0.3)": 0.3**2,
    "torch_uniform": 1 / (3 * FAN_IN),
    "truncated_normal": 0.02**2 * 0.7737,  # what is left of the variance between two standard deviations
    "truncated_normal(0.1)": 0.1**2 * 0.7737,
    "zeros": 0,
}


@pytest.mark.parametrize("name", VARIANCES)
def test_variance(name: str):
    kernel = initializer(name)(KEY, SHAPE, jnp.float32)
    assert kernel.shape == SHAPE
    assert kernel.dtype == jnp.float32
    np.testing.assert_allclose(kernel.var(), VARIANCES[name], rtol=0.05)
    assert abs(kernel.mean()) <= 0.05 * VARIANCES[name] ** 0.5


def test_every_name_is_tested():
    assert set(INITIALIZERS) - {"dirac", "orthogonal"} <= set(VARIANCES)


def test_he_is_not_truncated():
    kernel = initializer("he_normal")(KEY, SHAPE, jnp.float32)
    assert jnp.abs(kernel).max() > 3 * kernel.std()


@pytest.mark.parametrize(("name", "gain"), [("orthogonal", 1.0), ("orthogonal(2)", 2.0)])
def test_orthogonal_kernels_keep_lengths(name: str, gain: float):
    kernel = initializer(name)(KEY, SHAPE, jnp.float32).reshape(-1, SHAPE[-1])
    np.testing.assert_allclose(kernel.T @ kernel, gain**2 * np.eye(SHAPE[-1]), atol=1e-5)


@pytest.mark.parametrize(("inputs", "outputs"), [(4, 4), (4, 6), (4, 3)])
def test_dirac_copies_its_inputs(inputs: int, outputs: int):
    x = jax.random.normal(KEY, (2, 8, 8, inputs))
    conv = nn.Conv(outputs, (3, 3), use_bias=False, kernel_init=initializer("dirac"))
    y, variables = conv.init_with_output(KEY, x)
    copies = min(inputs, outputs)
    np.testing.assert_allclose(y[..., :copies], x[..., :copies], atol=1e-6)
    assert np.all(variables["params"]["kernel"][..., copies:] != 0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("he_norml", "did you mean 'he_normal'"),
        ("he_normal(2)", "unknown initializer that takes a number 'he_normal'"),
        ("normal(big)", "'big' is not a number"),
    ],
)
def test_a_bad_initializer_is_one_clear_error(name: str, message: str):
    with pytest.raises(UserError, match=message):
        initializer(name)
