"""Probes against what is known of networks that are written down by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers.modules import apply
from jaxcnn import losses
from jaxcnn.inspect import probe

IMAGES = jax.random.normal(jax.random.key(1), (240, 8, 8, 3))
LABELS = np.arange(240) % 10


def small():
    return probe.init_model("mlp:hidden=(12,8)", image_shape=(8, 8, 3))


def test_outputs_come_layer_by_layer_before_the_activation():
    model, variables = small()
    seen = probe.outputs(model, variables, IMAGES)
    assert list(seen) == ["dense1", "dense2", "head"]
    dense = variables["params"]["dense2"]
    by_hand = jax.nn.relu(seen["dense1"]) @ dense["kernel"] + dense["bias"]
    np.testing.assert_allclose(seen["dense2"], by_hand, atol=1e-4)
    np.testing.assert_allclose(seen["head"], apply(model, variables, IMAGES), atol=1e-5)


def test_a_unit_is_dead_when_no_image_wakes_it():
    activations = jnp.array([[1.0, -1.0, 0.0, -3.0], [-2.0, -1.0, 0.0, 5.0]])
    assert probe.dead_fraction(activations) == 0.5


def test_gradient_noise_is_the_variance_between_examples():
    model, variables = small()
    gradient, noise = probe.gradient_noise(model, variables, IMAGES, LABELS, batch_size=12)

    def one(image, label):
        def loss(params):
            return losses.cross_entropy(apply(model, {"params": params}, image[None]), label[None])[0]

        return jnp.concatenate([leaf.reshape(-1) for leaf in jax.tree.leaves(jax.grad(loss)(variables["params"]))])

    each = np.asarray(jax.jit(jax.vmap(one))(IMAGES, jnp.asarray(LABELS)))
    assert noise == pytest.approx(each.var(0, ddof=1).sum(), rel=0.15)
    assert gradient == pytest.approx((each.mean(0) ** 2).sum() - each.var(0, ddof=1).sum() / 240, rel=0.15)


def test_scores_are_those_of_the_probabilities():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.5, 0.3, 0.2], [0.2, 0.6, 0.2]], np.float32)
    seen = probe.evaluate(probabilities, np.array([0, 2, 1, 1]))
    assert seen["accuracy"] == 0.75
    assert seen["nll"] == pytest.approx(-np.log([0.7, 0.8, 0.3, 0.6]).mean(), rel=1e-5)
    assert seen["calibration_error"] == pytest.approx((0.3 + 0.2 + 0.5 + 0.4) / 4, rel=1e-4)
