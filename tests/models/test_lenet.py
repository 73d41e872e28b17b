"""What LeNet-5 of 1998 has and no later network: sparse connections, trained sub-sampling, fixed codes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.errors import UserError
from jaxcnn.models import MODELS
from jaxcnn.models.lenet import C3, SparseConv, SubSampling, codes

IMAGES = np.random.default_rng(0).normal(size=(2, 32, 32, 1)).astype("float32")


def test_layers_have_the_sizes_of_the_paper():
    params = jax.eval_shape(MODELS["lenet5_1998"]().init, jax.random.key(0), IMAGES)["params"]
    sizes = {name: sum(leaf.size for leaf in jax.tree.leaves(layer)) for name, layer in params.items()}
    assert sizes == {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48120, "f6": 10164}


def test_a_map_of_c3_sees_only_its_own_maps():
    layer = SparseConv(C3, 5, jax.nn.initializers.ones, jnp.float32)
    variables = layer.init(jax.random.key(0), jnp.zeros((1, 5, 5, 6)))
    seen = jax.jacobian(lambda x: layer.apply(variables, x)[0, 0, 0])(jnp.zeros((1, 5, 5, 6)))[:, 0, 2, 2]
    assert [tuple(np.flatnonzero(row)) for row in seen] == [tuple(sorted(inputs)) for inputs in C3]


def test_sub_sampling_has_a_gain_and_a_bias_of_each_map():
    params = {"gain": jnp.array([2.0, 3.0]), "bias": jnp.array([0.5, -0.5])}
    y = SubSampling().apply({"params": params}, jnp.arange(8.0).reshape(1, 2, 2, 2))
    np.testing.assert_allclose(y[0, 0, 0], [2 * 3 + 0.5, 3 * 4 - 0.5])


def test_codes_are_signs_far_from_each_other():
    rows = codes(10)
    assert rows.shape == (10, 84)
    assert set(np.unique(rows)) == {-1.0, 1.0}
    apart = (rows[:, None] != rows).sum(axis=-1)
    assert apart[~np.eye(10, dtype=bool)].min() >= 40
    with pytest.raises(UserError, match="127 classes, not 128"):
        codes(128)


def test_every_parameter_learns():
    model = MODELS["lenet5_1998"]()
    random = np.random.default_rng(1)
    shapes = jax.eval_shape(model.init, jax.random.key(0), IMAGES)
    variables = jax.tree.map(lambda leaf: random.uniform(-0.1, 0.1, leaf.shape).astype("float32"), shapes)

    @jax.jit
    def learn(variables: Any) -> Any:
        logits, pull = jax.vjp(lambda v: model.apply(v, IMAGES), variables)
        return logits, pull(jnp.ones_like(logits).at[:, 0].set(-3))[0]

    logits, gradients = learn(variables)
    assert logits.shape == (2, 10)
    assert logits.dtype == jnp.float32
    assert (logits <= 0).all()
    for gradient in jax.tree.leaves(gradients):
        assert np.isfinite(gradient).all()
        assert np.any(gradient != 0)
