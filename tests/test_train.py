"""The pure step, mapped over an axis by vmap: one process stands for several devices."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from helpers.steps import assert_close, step_over
from jaxcnn import assemble, train_state
from jaxcnn.data.for_run import load_images
from jaxcnn.layers import AXIS
from jaxcnn.parallel import devices


@pytest.fixture
def training(tiny):
    return assemble.assemble(tiny, load_images(tiny))


def test_the_number_of_parts_changes_nothing_but_rounding(tiny):
    tiny = replace(tiny, optimizer=replace(tiny.optimizer, learning_rate=0.01))  # larger ones enlarge rounding, too
    training = assemble.assemble(tiny, load_images(tiny))
    pool, indices = training.device_data(), np.arange(32)
    results = []
    for parts in (1, 4):
        state, step = training.initial_state(), step_over(training.recipe, parts)
        for k in range(3):
            state, sums = step(state, pool, indices + 32 * k)
        results.append((state.params, state.batch_stats, state.ema, sums["loss"], sums["correct"]))
    one, four = results
    assert_close(one, four, 2e-4)


@pytest.mark.slow
def test_per_device_statistics_differ_from_those_of_the_whole_batch(training):
    pool, indices = training.device_data(), np.arange(32)
    local = replace(training.recipe, axis="device")
    assert training.recipe.axis == AXIS
    states = [step_over(recipe, 4)(training.initial_state(), pool, indices)[0] for recipe in (training.recipe, local)]
    difference = jax.tree.map(lambda a, b: float(jnp.abs(a - b).max()), *(s.batch_stats for s in states))
    assert max(jax.tree.leaves(difference)) > 1e-4


@pytest.mark.slow
def test_jit_equals_no_jit(tiny):
    tiny = replace(tiny, model="convnet:widths=(2,2),hidden=4", augment=("flip",), ema=0.0)
    training = assemble.assemble(tiny, load_images(tiny))
    pool, indices = training.device_data(), np.arange(4)
    compiled, _ = step_over(training.recipe, 1)(training.initial_state(), pool, indices)
    with jax.disable_jit():
        plain, _ = step_over(training.recipe, 1)(training.initial_state(), pool, indices)
    assert_close(compiled.params, plain.params, 2e-4)


def test_accumulated_parts_add_up_to_the_whole_batch(tiny):
    tiny = replace(tiny, model="convnet:widths=(4,4),hidden=8", augment=())
    training = assemble.assemble(tiny, load_images(tiny))
    pool, indices = training.device_data(), np.arange(32)
    whole, sums = step_over(training.recipe, 1)(training.initial_state(), pool, indices)
    parts, more = step_over(replace(training.recipe, grad_accum_steps=4), 1)(training.initial_state(), pool, indices)
    assert_close((whole.params, sums["loss"]), (parts.params, more["loss"]), 1e-5)


def test_the_moving_average_is_the_recursion(training):
    before = training.initial_state()
    after, _ = step_over(training.recipe, 1)(before, training.device_data(), np.arange(32))
    now = {"params": after.params, "batch_stats": after.batch_stats}
    assert_close(after.ema, optax.incremental_update(now, before.ema, 0.9), 1e-6)
    assert train_state.evaluated_variables(after) is after.ema


@pytest.mark.parametrize(
    ("model", "augment", "draws"),
    [
        ("mlp:hidden=(16,)", (), False),
        ("mlp:hidden=(16,)", ("crop:padding=2", "flip"), True),
        ("mlp:hidden=(16,),dropout=0.5", (), True),
    ],
)
def test_augmentation_and_dropout_are_a_function_of_seed_and_step(tiny, model, augment, draws):
    tiny = replace(tiny, model=model, augment=augment)
    training = assemble.assemble(tiny, load_images(tiny))
    pool, indices, step = training.device_data(), np.arange(32), step_over(training.recipe, 1)
    begun = training.initial_state()

    def kernels(**changes):
        return jax.tree.leaves(step(begun._replace(**changes), pool, indices)[0].params)

    first, again = kernels(), kernels()
    others = [kernels(step=jnp.int32(7)), kernels(key=jax.random.key(9))]
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    for other in others:
        assert any((a != b).any() for a, b in zip(first, other, strict=True)) == draws


def test_the_first_step_without_a_finite_loss_is_remembered(training):
    pool, step = training.device_data(), step_over(training.recipe, 1)
    state, sums = step(training.initial_state(), pool, np.arange(32))
    assert int(sums["bad_step"]) == train_state.NEVER
    state = state._replace(params=jax.tree.map(lambda p: p * jnp.nan, state.params))
    for _ in range(2):
        state, sums = step(state, pool, np.arange(32))
    assert int(sums["bad_step"]) == 1


def test_a_training_holds_its_parameters_once(tiny):
    tiny = replace(tiny, model="quicknet:stem=13,widths=()", ema=0.0)
    training = assemble.assemble(tiny, load_images(tiny))
    state = training.initial_state()
    kernels = sum(leaf.ndim == 4 and leaf.shape[-1] == 13 for leaf in jax.tree.leaves((state.params, state.opt_state)))
    assert kernels > 1
    state, _ = training.train_step_at(0)(state, training.device_data(), training.devices.split(np.arange(32)))
    assert sum(array.ndim == 4 and array.shape[-1] == 13 for array in jax.live_arrays()) == kernels


@pytest.mark.parametrize("begin_at", [0, 25])
def test_a_step_compiled_ahead_is_the_step(tiny, monkeypatch, begin_at):
    phases = replace(tiny.optimizer, freeze_at=(("head/*", "20steps"),))
    tiny = replace(tiny, model="quicknet:stem=2,widths=()", optimizer=phases)
    images, indices, results = load_images(tiny), np.arange(32), []
    for ahead in (None, begin_at):
        training = assemble.assemble(tiny, images)
        step = training.train_step_at(begin_at)
        if ahead is not None:
            training.compile_ahead(ahead)
            monkeypatch.setattr(step, "mapped", None)  # the call has nothing left to compile
        state, sums = step(training.initial_state(), training.device_data(), training.devices.split(indices))
        results.append((state.params, state.opt_state, sums))
    jax.tree.map(np.testing.assert_array_equal, *results)


def test_what_goes_wrong_in_compiling_ahead_is_raised_at_the_call(training, monkeypatch):
    monkeypatch.setattr(devices, "_compile", lambda lowered: {}[lowered])
    step = training.train_step_at(0)
    step.compile_ahead(training.initial_state(), training.device_data(), training.devices.split(np.arange(32)))
    with pytest.raises(KeyError):
        step(training.initial_state(), training.device_data(), training.devices.split(np.arange(32)))


def test_a_training_begins_again_with_the_same_state(training):
    first, second = (training.initial_state()._asdict() for _ in range(2))
    assert first.pop("key") == second.pop("key")
    jax.tree.map(np.testing.assert_array_equal, first, second)
