"""The small problems have the minima that they claim, and optimizers do on them what is known of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.config import OptimizerConfig
from jaxcnn.inspect import landscapes


def path(name, rate, steps):
    config = OptimizerConfig(name=name, learning_rate=1.0, weight_decay_multipliers=())
    return landscapes.descend(landscapes.ravine, jnp.array([-4.0, 0.8]), config, [rate / 2, rate], steps)[1]


def test_plain_descent_is_the_recursion_written_out():
    along, across = 0.98, 1 - 0.02 * 40
    by_hand = [(-4.0 * along**k, 0.8 * across**k) for k in range(6)]
    np.testing.assert_allclose(path("sgd", 0.02, steps=5), by_hand, rtol=1e-5, atol=1e-7)


def test_momentum_is_sooner_at_the_bottom_of_the_ravine():
    names = ("sgd", "momentum", "nesterov")
    ends = {name: landscapes.ravine(jnp.asarray(path(name, 0.02, steps=60)[-1])) for name in names}
    assert ends["nesterov"] < ends["momentum"] < ends["sgd"]


def test_the_saddle_is_flat_where_it_is_no_minimum():
    assert (jax.grad(landscapes.saddle)(jnp.zeros(2)) == 0).all()
    curvature = np.linalg.eigvalsh(jax.hessian(landscapes.saddle)(jnp.zeros(2)))
    assert curvature[0] < 0 < curvature[1]
    for minimum in (1.0, -1.0):
        at = jnp.array([0.0, minimum])
        assert landscapes.saddle(at) == -0.25
        np.testing.assert_allclose(jax.grad(landscapes.saddle)(at), 0, atol=1e-6)


def test_sparse_features_are_rare_and_can_be_learnt_exactly():
    whole, _ = landscapes.sparse_regression(features=20, examples=500)
    hessian, slope = jax.hessian(whole)(jnp.zeros(20)), jax.grad(whole)(jnp.zeros(20))
    np.testing.assert_allclose(np.diag(hessian) / 2, 1 / np.arange(1, 21), atol=0.08)
    assert whole(jnp.zeros(20)) > 0.5
    solution = -jnp.linalg.solve(hessian, slope)
    assert whole(solution) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(abs(solution), 1, atol=1e-3)


def test_the_batches_of_an_epoch_are_all_examples():
    whole, of_batch = landscapes.sparse_regression(features=20, examples=500, batch=100)
    errors = [of_batch(jnp.ones(20), step) for step in range(10)]
    assert np.mean(errors[:5]) == pytest.approx(float(whole(jnp.ones(20))), rel=1e-5)
    assert errors[:5] == errors[5:]
    assert len(set(map(float, errors))) == 5
