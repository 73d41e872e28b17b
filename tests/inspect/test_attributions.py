"""Attributions by the properties that define them."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from helpers.opened import CLASSES, IMAGES, Linear, Plain, catalog, made
from jaxcnn.errors import UserError
from jaxcnn.inspect import attributions, judge
from jaxcnn.inspect.network import Network


def test_a_gradient_is_that_of_finite_differences():
    network = catalog()
    score = network.score(CLASSES)
    found = jax.jit(partial(attributions.gradient, score))(IMAGES)
    step = 1e-2 * jax.random.normal(jax.random.key(0), IMAGES.shape)
    slope = (jax.jit(score)(IMAGES + step) - jax.jit(score)(IMAGES - step)) / 2
    np.testing.assert_allclose((found * step).sum((1, 2, 3)), slope, atol=5e-3)


def test_without_biases_input_x_gradient_adds_up_to_the_logit():
    score = made(Plain()).score(CLASSES)
    total = attributions.input_x_gradient(score, IMAGES).sum((1, 2, 3))
    np.testing.assert_allclose(total, score(IMAGES), atol=1e-4)


def test_integrated_gradients_are_complete():
    score = catalog().score(CLASSES)
    few, many = (attributions.integrated(score, IMAGES, points=points) for points in (1, 64))
    errors = [np.abs(attributions.completeness_error(score, IMAGES, maps)).mean() for maps in (few, many)]
    spread = float(np.abs(score(IMAGES) - score(jnp.zeros_like(IMAGES))).mean())
    assert errors[1] < 0.02 * spread
    assert errors[1] < errors[0]


def test_one_point_is_enough_for_a_linear_network_and_other_baselines_work():
    score = made(Linear()).score(CLASSES)
    maps = attributions.integrated(score, IMAGES, points=1, baseline=0.5)
    np.testing.assert_allclose(attributions.completeness_error(score, IMAGES, maps, 0.5), 0, atol=1e-4)


def test_smooth_without_noise_is_the_gradient_and_one_seed_is_one_map():
    score = catalog().score(CLASSES)
    still = attributions.smooth(score, IMAGES, sigma=0)
    np.testing.assert_allclose(still, attributions.gradient(score, IMAGES), rtol=1e-4, atol=1e-6)
    once, again = (attributions.smooth(score, IMAGES, samples=3, seed=4) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    linear = made(Linear()).score(CLASSES)
    np.testing.assert_allclose(
        attributions.smooth(linear, IMAGES, samples=4), attributions.gradient(linear, IMAGES), atol=1e-5
    )


def test_occlusion_by_the_whole_image_is_one_number():
    score = catalog().score(CLASSES)
    maps = attributions.occlusion(score, IMAGES, size=16, baseline=0.0)
    fall = score(IMAGES) - score(jnp.zeros_like(IMAGES))
    np.testing.assert_allclose(
        maps, jnp.broadcast_to(fall[:, None, None, None] / IMAGES[0].size, IMAGES.shape), rtol=1e-4, atol=1e-6
    )


def test_occlusion_of_a_linear_network_is_the_sum_under_each_square():
    network = made(Linear())
    maps = attributions.occlusion(network.score(CLASSES), IMAGES, size=4, stride=4)
    weighted = attributions.input_x_gradient(network.score(CLASSES), IMAGES)
    squares = weighted.reshape(6, 4, 4, 4, 4, 3).sum((2, 4, 5))
    np.testing.assert_allclose(maps.reshape(6, 4, 4, 4, 4, 3).sum((2, 4, 5)), squares, atol=1e-4)


@pytest.mark.parametrize(
    "spec", ["gradient", "input_x_gradient", "integrated:points=4", "smooth:samples=2", "occlusion:size=4,stride=4"]
)
def test_what_cannot_matter_gets_exactly_nothing(spec: str):
    """DiFull: a network that sees only the left half."""
    network = catalog()
    whole = network.score(CLASSES)

    def left(images: jax.Array) -> jax.Array:
        return whole(images.at[:, :, 8:].set(0))

    maps = attributions.build(spec)(left, IMAGES)
    assert float(jnp.abs(maps[:, :, 8:]).max()) == 0
    assert float(jnp.abs(maps[:, :, :8]).max()) > 0


@pytest.mark.parametrize("name", attributions.ATTRIBUTIONS)
def test_maps_depend_on_what_the_network_knows_and_edges_do_not(name: str):
    network = catalog()
    shuffled = Network(network.model, judge.randomized(network.variables, "head"), network.input_shape)
    method = attributions.build(name)
    pairs = [method(each.score(CLASSES), IMAGES).sum(-1) for each in (network, shuffled)]
    assert judge.rank_correlation(*pairs).mean() < 0.9
    same = [judge.edges(each, IMAGES, CLASSES) for each in (network, shuffled)]
    np.testing.assert_allclose(judge.rank_correlation(*same), 1)


def test_errors_say_what_to_do():
    with pytest.raises(UserError, match="integrated"):
        attributions.build("integratd")
    with pytest.raises(UserError, match="points"):
        attributions.build("integrated:steps=3")
    broken = catalog()
    nothing = Network(broken.model, jax.tree.map(lambda x: x * jnp.nan, broken.variables), broken.input_shape)
    with pytest.raises(UserError, match="not finite"):
        attributions.build("gradient")(nothing.score(CLASSES), IMAGES)


class OneLogit(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        return nn.Dense(1, name="head")(x.reshape(len(x), -1))


def test_of_one_logit_either_class_has_a_map_and_they_are_opposite():
    network = made(OneLogit())
    first, second = (attributions.gradient(network.score(jnp.full(6, label)), IMAGES) for label in (0, 1))
    assert float(jnp.abs(first).max()) > 0
    np.testing.assert_allclose(first, -second)
