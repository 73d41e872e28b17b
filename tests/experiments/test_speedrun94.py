"""What the speedrun adds: whitening from the data, kernels of a given norm, Muon beside Nesterov, growing images."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments.speedrun94 import CONFIG
from helpers.tiny import tiny_config
from helpers.updates import GRADIENT, PARAMS, updates
from jaxcnn import assemble
from jaxcnn.config import InitConfig, OptimizerConfig
from jaxcnn.data.for_run import load_images
from jaxcnn.errors import UserError
from jaxcnn.layers.whitening import image_patches
from jaxcnn.runs import init_from


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return load_images(tiny_config(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def narrow(tmp_path_factory, digits):
    """The speedrun with four channels a group, on digits, its images growing twice."""
    tiny = tiny_config(tmp_path_factory.mktemp("speedrun"))
    config = replace(
        CONFIG,
        model=f"{CONFIG.model},widths=(4,4,4)",
        data=tiny.data,
        batch_size=100,
        duration="12steps",
        image_sizes=(("0%", 12), ("25%", 20), ("50%", 32)),
        dtype="float32",
    )
    return assemble.assemble(config, digits), config


def test_kernels_follow_muon_and_the_rest_nesterov():
    ours = updates(OptimizerConfig("airbench", 1.0), count=3)
    nesterov = updates(OptimizerConfig("nesterov", 1.0, momentum=0.85), count=3)
    np.testing.assert_allclose(ours["head"]["kernel"], nesterov["head"]["kernel"], rtol=1e-5)
    np.testing.assert_allclose(ours["conv"]["bias"], nesterov["conv"]["bias"], rtol=1e-5)
    values = np.linalg.svd(np.reshape(ours["conv"]["kernel"], (-1, 8)), compute_uv=False)
    assert values.min() > 0.3
    assert values.max() < 1.3
    assert np.vdot(ours["conv"]["kernel"], GRADIENT["conv"]["kernel"]) < 0


def test_a_renormalized_kernel_has_the_norm_of_its_outputs_before_the_step():
    config = OptimizerConfig("airbench", 0.0, renormalize=("conv/kernel",))
    stepped: Any = optax.apply_updates(PARAMS, updates(config))
    np.testing.assert_allclose(jnp.linalg.norm(stepped["conv"]["kernel"]), 8**0.5, rtol=1e-5)
    np.testing.assert_array_equal(stepped["head"]["kernel"], PARAMS["head"]["kernel"])
    with pytest.raises(UserError, match="renormalize: the pattern 'conv9"):
        updates(replace(config, renormalize=("conv9/*",)))


def test_whitened_patches_have_the_identity_as_second_moment(narrow, digits):
    training, config = narrow
    kernel = training.initial_state().params["whitening"]["kernel"]
    first = digits.dataset.train_images[digits.split.train[: init_from.WHITENED]]
    patches = image_patches(training.recipe.normalize(jnp.asarray(first)), 2) @ kernel.reshape(12, 24)[:, :12]
    moments = np.diag(patches.T @ patches) / len(patches)
    # Gray digits in three channels have four dimensions of twelve; eps holds the others near zero.
    np.testing.assert_allclose(moments[:3], 1, atol=0.01)
    assert 0.8 < moments[3] < 1
    np.testing.assert_allclose(kernel[..., 12:], -kernel[..., :12])
    with pytest.raises(UserError, match=r"init\.whiten: there is no 'whitening'.*whitening/kernel"):
        assemble.assemble(replace(config, init=InitConfig(whiten="whitening")), digits).initial_variables()
    with pytest.raises(UserError, match=r"whitening filters of that window are \[3, 3, 3, 54\]"):
        assemble.assemble(replace(config, init=InitConfig(whiten="group1/conv1/kernel")), digits).initial_variables()


def test_batches_are_cut_for_the_data_that_stand_in_and_for_no_others(digits, capsys):
    stand_in = replace(digits, info=replace(digits.info, fallback=True))
    assert assemble.clamp_batch_size(CONFIG, stand_in).batch_size == 1024 <= digits.info.train < 2048
    assert f"there are only {digits.info.train:,} images" in capsys.readouterr().err
    assert assemble.clamp_batch_size(CONFIG, digits) == CONFIG
    assert assemble.clamp_batch_size(replace(CONFIG, batch_size=100), stand_in).batch_size == 100


@pytest.mark.slow
def test_images_grow_when_they_should_and_the_frozen_filters_stay(narrow):
    training, _ = narrow
    state, pool = training.initial_state(), training.device_data()
    sides = []
    for step in (0, 2, 3, 5, 6, 11):
        lowered = training.train_step_at(step).mapped.lower(state, pool, training.devices.split(np.arange(100)))
        sides.append(next(side for side in (11, 19, 31) if f"100x{side}x{side}x24x" in lowered.as_text()))
    assert sides == [11, 11, 19, 19, 31, 31]
    before = np.array(state.params["whitening"]["kernel"])
    kernels = [np.array(state.params["group1"]["conv1"]["kernel"])]
    for step in (0, 3, 6):
        state, sums = training.train_step_at(step)(state, pool, training.devices.split(np.arange(100)))
        kernels.append(np.array(state.params["group1"]["conv1"]["kernel"]))
        assert np.isfinite(sums["loss"])
    np.testing.assert_array_equal(state.params["whitening"]["kernel"], before)
    assert all((a != b).any() for a, b in pairwise(kernels))


def test_a_bad_image_size_is_one_clear_error_before_the_first_step(narrow, digits, tmp_path):
    _, config = narrow
    with pytest.raises(UserError, match="image_sizes: the model does not take images of 8 x 8"):
        assemble.assemble(replace(config, image_sizes=(("50%", 8),)), digits)
    with pytest.raises(UserError, match="image_sizes: the model does not take images of 16 x 16"):
        assemble.assemble(replace(tiny_config(tmp_path), model="mlp", image_sizes=(("0%", 16),)), digits)


def test_the_rates_and_decays_of_the_recipe(narrow):
    """The reference's groups at batch 2000 and a mean loss: rate times decay is the same for biases and head."""
    training, config = narrow
    rates = dict(config.optimizer.lr_multipliers)
    decays = dict(config.optimizer.weight_decay_multipliers)
    rate = config.optimizer.learning_rate
    assert rate * rates["head/*"] == pytest.approx(1340)
    assert rate * rates["*/bias"] == pytest.approx(106)
    product = {name: rate * rates[name] * decays[name] * config.loss.l2 for name in rates}
    assert product == pytest.approx(dict.fromkeys(product, 0.004), rel=1e-2)
    weights = training.recipe.decay_weights
    assert weights["group1"]["conv1"]["kernel"] == 0
    assert jax.tree.leaves(weights["group1"]["norm1"]) == [1.0]
