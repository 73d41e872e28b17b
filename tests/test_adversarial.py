"""Attacks against closed forms, and training against them."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers.opened import IMAGES, Linear, made
from helpers.steps import assert_close, step_over
from jaxcnn import adversarial, assemble
from jaxcnn.data.for_run import load_images
from jaxcnn.inspect import features

PHOTOGRAPHS = jax.random.uniform(jax.random.key(1), (4, 6, 6, 3), maxval=255)
WEIGHTS = jax.random.normal(jax.random.key(2), (6, 6, 3))
KEYS = jax.random.split(jax.random.key(3), 4)


def linear(images: jax.Array) -> jax.Array:
    return (images * WEIGHTS).sum()


def test_many_steps_on_a_linear_objective_end_in_the_corner_of_the_box():
    moved = adversarial.pgd(linear, PHOTOGRAPHS, 8, KEYS)
    np.testing.assert_allclose(moved, jnp.clip(PHOTOGRAPHS + 8 * jnp.sign(WEIGHTS), 0, 255), atol=1e-4)


@pytest.mark.parametrize("attack", [adversarial.fgsm, adversarial.pgd])
def test_an_attack_stays_near_and_in_range_and_raises_the_objective(attack):
    moved = attack(linear, PHOTOGRAPHS, 8, KEYS)
    assert abs(moved - PHOTOGRAPHS).max() <= 8.0001
    assert (moved.min(), moved.max()) >= (0, 0)
    assert moved.max() <= 255
    assert linear(moved) > linear(PHOTOGRAPHS)
    np.testing.assert_array_equal(attack(linear, PHOTOGRAPHS, 0.0, KEYS), PHOTOGRAPHS)


def test_one_step_is_a_quarter_longer_than_the_box_from_a_start_of_its_own_for_each_image():
    flat = jnp.full((4, 6, 6, 3), 128.0)
    moved = adversarial.fgsm(lambda images: images.sum(), flat, 8, KEYS)
    assert moved.min() >= 128 + 10 - 8
    assert len({float(each) for each in moved.mean(axis=(1, 2, 3))}) == 4


def test_training_against_attacks_is_the_same_in_any_number_of_parts_and_another_training(tiny):
    tiny = replace(tiny, model="mlp:hidden=(16,)", augment=(), adversarial=8.0)
    training = assemble.assemble(tiny, load_images(tiny))
    pool, indices = training.device_data(), np.arange(32)
    one, four = (
        step_over(training.recipe, parts)(training.initial_state(), pool, indices)[0].params for parts in (1, 4)
    )
    assert_close(one, four, 1e-4)
    plain = step_over(replace(training.recipe, adversarial=0.0), 1)(training.initial_state(), pool, indices)[0].params
    difference = jax.tree.map(lambda a, b: float(abs(a - b).max()), one, plain)
    assert max(jax.tree.leaves(difference)) > 1e-4


def test_images_of_a_class_raise_its_logit_along_the_weights_of_a_linear_network_within_a_ball():
    network, classes = made(Linear()), jnp.zeros(len(IMAGES), jnp.int32)
    seen = features.class_images(network, classes, IMAGES, steps=30, length=1.0, radius=5.0)
    away = np.asarray(seen - IMAGES).reshape(len(IMAGES), -1)
    np.testing.assert_allclose(np.linalg.norm(away, axis=1), 5, rtol=1e-4)
    gradient = np.asarray(jax.grad(lambda x: network.score(classes)(x).sum())(IMAGES)).reshape(len(IMAGES), -1)
    gradient = gradient / np.linalg.norm(gradient, axis=1, keepdims=True)
    np.testing.assert_allclose((away * gradient).sum(1), 5, rtol=1e-4)
