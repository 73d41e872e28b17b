"""What is frozen stays, bit for bit, costs no gradient, and moves from the step at which it is unfrozen."""

import signal
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers.runs import assert_same, newest_state, stop_at
from helpers.steps import step_over
from jaxcnn import assemble, fit, optimizers
from jaxcnn.config import LossConfig, OptimizerConfig
from jaxcnn.console import signals
from jaxcnn.data.for_run import load_images
from jaxcnn.errors import UserError
from jaxcnn.layers import BatchNorm
from jaxcnn.layers.norm import frozen_statistics

HEAD_ONLY = ("stem/*", "stage*")


@pytest.fixture
def small(tiny):
    return replace(tiny, model="quicknet:stem=4,widths=(4,)", augment=())


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    from helpers.tiny import tiny_config

    return load_images(tiny_config(tmp_path_factory.mktemp("data")))


def moved(before, after):
    """The names of the modules of which any bit has changed."""
    return {
        name
        for name in before
        if any((a != b).any() for a, b in zip(*map(jax.tree.leaves, (before[name], after[name])), strict=True))
    }


def three_steps(config, images, parts=1):
    training = assemble.assemble(config, images)
    before, pool = training.initial_state(), training.device_data()
    # Statistics that are those of no batch, so that one that moves is seen to.
    before = before._replace(batch_stats=jax.tree.map(lambda s: s + 0.37, before.batch_stats))
    if before.ema:
        before = before._replace(ema=before.ema | {"batch_stats": jax.tree.map(jnp.copy, before.batch_stats)})
    state, step = before, step_over(training.recipe, parts)
    for k in range(3):
        state, _ = step(state, pool, np.arange(32 * k, 32 * k + 30))
    return before, state


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_whatever_the_optimizer_and_decay_what_is_frozen_does_not_move_by_a_bit(small, images, name):
    decay = {"weight_decay": 0.1, "weight_decay_multipliers": (("*", 1.0),), "clip_norm": 1.0}
    optimizer = OptimizerConfig(name, 0.01, freeze=("stem/*",), **decay)
    config = replace(small, model="quicknet:stem=2,widths=()", optimizer=optimizer, loss=LossConfig(l2=0.1))
    before, after = three_steps(config, images)
    assert moved(before.params, after.params) == {"head"}
    assert moved(before.batch_stats, after.batch_stats) == set()
    assert moved(before.ema["params"], after.ema["params"]) == {"head"}
    assert moved(before.ema["batch_stats"], after.ema["batch_stats"]) == set()
    sizes = [leaf.size for leaf in jax.tree.leaves(after.opt_state)]
    assert before.params["stem"]["conv"]["kernel"].size not in sizes


@pytest.mark.slow
def test_frozen_statistics_stay_on_three_devices_and_move_where_asked(small, images):
    small = replace(small, grad_accum_steps=2, batch_size=30)
    frozen = OptimizerConfig("nesterov", 0.1, freeze=("stage1_conv1/*", "stage1_norm1/*"))
    before, after = three_steps(replace(small, optimizer=frozen), images, parts=3)
    assert moved(before.batch_stats, after.batch_stats) == {"stem", "stage1_norm2"}
    asked = replace(frozen, frozen_batch_stats="update")
    before, after = three_steps(replace(small, optimizer=asked), images, parts=3)
    assert moved(before.params, after.params) == {"stem", "stage1_conv2", "stage1_norm2", "head"}
    assert moved(before.batch_stats, after.batch_stats) == {"stem", "stage1_norm1", "stage1_norm2"}


def test_a_layer_with_frozen_statistics_normalizes_by_them():
    norm, x = BatchNorm(use_running_average=False), jax.random.normal(jax.random.key(0), (16, 3))
    variables = norm.init(jax.random.key(1), x)
    variables = {**variables, "batch_stats": {"mean": jnp.array([1.0, 2, 3]), "var": jnp.array([4.0, 5, 6])}}
    with frozen_statistics([""]):
        y, updated = norm.apply(variables, x, mutable=["batch_stats"])
    wanted = BatchNorm(use_running_average=True).apply(variables, x)
    np.testing.assert_array_equal(y, wanted)
    np.testing.assert_array_equal(updated["batch_stats"]["mean"], variables["batch_stats"]["mean"])
    with frozen_statistics(["stem/norm"]):
        other, _ = norm.apply(variables, x, mutable=["batch_stats"])
    assert float(jnp.abs(other - wanted).max()) > 0.1


def test_no_gradient_is_computed_for_what_is_frozen(small, images):
    def flops(freeze):
        config = replace(small, optimizer=OptimizerConfig("nesterov", freeze=freeze))
        training = assemble.assemble(config, images)
        lowered = step_over(training.recipe, 1).lower(training.initial_state(), training.device_data(), np.arange(32))
        analysis: Any = lowered.compile().cost_analysis()
        return analysis["flops"]

    assert flops(HEAD_ONLY) < 0.5 * flops(())


@pytest.mark.slow
def test_layers_are_unfrozen_one_after_the_other(small, images):
    unfreeze = (("head/*", "0steps"), ("stage1_*2/*", "25%"), ("*", "50%"))
    config = replace(small, optimizer=OptimizerConfig("adamw", 0.01, weight_decay=0.1, unfreeze=unfreeze))
    training = assemble.assemble(config, images)
    assert [phase.start for phase in training.phases] == [0, 10, 20]
    state, pool, seen = training.initial_state(), training.device_data(), []
    for step in (0, 9, 10, 19, 20):
        before = jax.tree.map(np.array, (state.params, state.batch_stats))
        indices = training.devices.split(np.arange(32))
        state, _ = training.train_step_at(step)(state._replace(step=jnp.int32(step)), pool, indices)
        seen.append([moved(old, new) for old, new in zip(before, (state.params, state.batch_stats), strict=True)])
    second = [{"stage1_conv2", "stage1_norm2", "head"}, {"stage1_norm2"}]
    everything = [set(state.params), set(state.batch_stats)]
    assert seen == [[{"head"}, set()], [{"head"}, set()], second, second, everything]


def test_layers_are_frozen_one_after_the_other(small, images):
    optimizer = OptimizerConfig(
        "nesterov", 0.01, freeze_at=(("stem/conv/*", "100%"), ("stem/*", "25%"), ("stage1_*1/*", "50%"))
    )
    training = assemble.assemble(replace(small, optimizer=optimizer), images)
    assert [phase.start for phase in training.phases] == [0, 10, 20]
    state, pool, seen = training.initial_state(), training.device_data(), []
    for step in (9, 10, 20):
        before = jax.tree.map(np.array, (state.params, state.batch_stats))
        indices = training.devices.split(np.arange(32))
        state, _ = training.train_step_at(step)(state._replace(step=jnp.int32(step)), pool, indices)
        seen.append([moved(old, new) for old, new in zip(before, (state.params, state.batch_stats), strict=True)])
    rest = {"stem", "head", "stage1_conv2", "stage1_norm2"}
    then = [rest | {"stage1_conv1", "stage1_norm1"}, {"stage1_norm1", "stage1_norm2"}]
    assert seen == [[set(state.params), set(state.batch_stats)], then, [rest, {"stage1_norm2"}]]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Sharding info not provided")
def test_a_run_with_unfreezing_is_resumed_bit_for_bit(small, tmp_path, monkeypatch):
    optimizer = OptimizerConfig("adam", 0.01, unfreeze=(("head/*", "0%"), ("*", "50%")))
    config = replace(small, optimizer=optimizer, duration="12steps", evaluate_every="12steps", log_every="4steps")
    unbroken = replace(config, folder=str(tmp_path / "unbroken"))
    fit.fit(unbroken)
    for step in (3, 8):  # once in either phase
        with monkeypatch.context() as patch:
            stop_at(patch, step, signal.SIGTERM)
            with pytest.raises(signals.Stopped):
                fit.fit(config)
    fit.fit(config)
    assert_same(newest_state(unbroken.folder), newest_state(config.folder))


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (OptimizerConfig(freeze=("*",)), "all parameters are frozen at the first step"),
        (OptimizerConfig(unfreeze=(("*", "10%"),)), "all parameters are frozen at the first step"),
        (OptimizerConfig(unfreeze=(("stam/*", "10%"),)), "optimizer.unfreeze: the pattern 'stam/\\*' matches no"),
        (OptimizerConfig(unfreeze=(("stem/*", "soon"),)), "cannot read the duration 'soon'"),
        (OptimizerConfig(freeze_at=(("stam/*", "10%"),)), "optimizer.freeze_at: the pattern 'stam/\\*' matches no"),
        (
            OptimizerConfig(unfreeze=(("stem/*", "20%"),), freeze_at=(("stem/*", "10%"),)),
            "optimizer.freeze_at: stem/conv/kernel would be frozen at step 4, before it trains",
        ),
    ],
)
def test_a_bad_freezing_is_one_clear_error(small, images, optimizer, message):
    with pytest.raises(UserError, match=message):
        assemble.assemble(replace(small, optimizer=optimizer), images)
