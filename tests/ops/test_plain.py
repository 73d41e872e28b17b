"""Programs for elsewhere hold no operation of ours, and compute the same."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from jaxcnn.layers import Conv, avg_pool, max_pool
from jaxcnn.models import MODELS
from jaxcnn.ops.plain import is_plain, plain_operations

POOLS = [
    {"window_shape": (3, 3), "strides": (2, 2), "ceil_mode": True},
    {"window_shape": (3, 2), "strides": (2, 1), "padding": ((1, 1), (0, 1))},
    {"window_shape": (2, 2), "strides": (2, 2), "padding": "SAME"},
]


@pytest.mark.parametrize("options", POOLS)
@pytest.mark.parametrize("pool", [max_pool, avg_pool])
def test_pools_are_the_same(pool: Callable[..., Any], options: dict[str, Any]):
    images = np.random.default_rng(0).normal(size=(2, 7, 8, 3)).astype(np.float32)
    with plain_operations():
        plain = pool(images, **options)
    np.testing.assert_allclose(plain, pool(images, **options), atol=1e-6)


def test_an_average_without_its_padding_is_the_same():
    images = np.random.default_rng(0).normal(size=(2, 7, 8, 3)).astype(np.float32)
    options = {"window_shape": (3, 3), "strides": (2, 2), "padding": ((1, 1), (1, 1)), "count_include_pad": False}
    with plain_operations():
        plain = avg_pool(images, **options)
    np.testing.assert_allclose(plain, avg_pool(images, **options), atol=1e-6)


def test_a_network_is_traced_to_plain_convolutions_for_any_batch():
    model = MODELS["mobilenet_v1"](rows=((8, 1), (16, 2)), width=0.5)
    (batch,) = export.symbolic_shape("batch")
    images = jax.ShapeDtypeStruct((batch, 16, 16, 3), jnp.float32)
    variables = jax.eval_shape(lambda: model.init(jax.random.key(0), jnp.zeros((1, 16, 16, 3))))
    with plain_operations():
        assert is_plain()
        program = str(jax.make_jaxpr(lambda v, x: model.apply(v, x, train=False))(variables, images))
    assert not is_plain()
    assert "jaxcnn_convolution" not in program
    assert program.count("conv_general_dilated[") == 5


def test_afterwards_convolutions_are_fast_again():
    with pytest.raises(ZeroDivisionError), plain_operations():
        1 / 0  # noqa: B018
    images = jnp.zeros((1, 8, 8, 3))
    conv = Conv(4, (3, 3))
    assert "jaxcnn_convolution" in str(jax.make_jaxpr(lambda x: conv.init(jax.random.key(0), x))(images))
