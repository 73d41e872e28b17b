"""Sums over devices: in the order of the devices, to the bit, and with the gradients of JAX's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxcnn.parallel import collectives


@pytest.fixture
def trees():
    """Of each of four devices: sizes that four do not divide, in two shapes and two types."""
    draw = np.random.default_rng(0)
    return {
        "kernel": draw.standard_normal((4, 7, 3)).astype(np.float32),
        "bias": draw.standard_normal((4, 2)).astype(np.float32),
        "half": draw.standard_normal((4, 5)).astype(jnp.bfloat16),
    }


def test_devices_are_added_in_their_order(trees):
    summed = jax.vmap(lambda tree: collectives.total(tree, "devices"), axis_name="devices", out_axes=None)(trees)
    for name, parts in trees.items():
        wide = parts.astype(np.float32)
        expected = (((wide[0] + wide[1]) + wide[2]) + wide[3]).astype(parts.dtype)
        np.testing.assert_array_equal(summed[name], expected, strict=True)


def test_gradients_are_those_of_a_mean_of_jax(trees):
    def gradient(mean):
        def loss(x):
            return (jnp.sin(mean(x, "devices")) * x).sum()

        return jax.vmap(jax.grad(loss), axis_name="devices")(trees["kernel"])

    np.testing.assert_allclose(gradient(collectives.mean), gradient(lax.pmean), rtol=1e-6)
