import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from helpers.updates import GRADIENT, PARAMS, build, last_update, updates
from jaxcnn import freezing, optimizers, rules
from jaxcnn.config import OptimizerConfig
from jaxcnn.errors import UserError

REFERENCES = [
    (OptimizerConfig("sgd", 0.1), optax.sgd(0.1)),
    (OptimizerConfig("momentum", 0.1, momentum=0.8), optax.sgd(0.1, momentum=0.8)),
    (OptimizerConfig("nesterov", 0.1), optax.sgd(0.1, momentum=0.9, nesterov=True)),
    (OptimizerConfig("adagrad", 0.1), optax.adagrad(0.1)),
    (OptimizerConfig("rmsprop", 0.1, decay=0.8, momentum=0.5), optax.rmsprop(0.1, decay=0.8, momentum=0.5)),
    (OptimizerConfig("adam", 0.1, b1=0.8), optax.adam(0.1, b1=0.8)),
    (
        OptimizerConfig("adamw", 0.1, weight_decay=0.3, weight_decay_multipliers=(("*", 1.0),)),
        optax.adamw(0.1, weight_decay=0.3),
    ),
    (OptimizerConfig("lion", 0.1, weight_decay_multipliers=(("*", 1.0),)), optax.lion(0.1)),
]
OURS = {"muon": "below", "airbench": "in tests/experiments/test_speedrun94.py"}
"""Optimizers that Optax does not have under one name, and where they are tested."""


@pytest.mark.parametrize(("config", "reference"), REFERENCES, ids=[config.name for config, _ in REFERENCES])
def test_each_name_is_the_optax_optimizer_of_that_name(config, reference):
    expected = last_update(reference, [GRADIENT] * 3)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-7), updates(config, 3), expected)


def test_every_optimizer_has_a_reference_or_a_test_of_its_own():
    assert set(optimizers.OPTIMIZERS) == {config.name for config, _ in REFERENCES} | set(OURS)


def test_muon_orthogonalizes_every_kernel_and_leaves_vectors_to_nadam():
    update = updates(OptimizerConfig("muon", 1.0))
    for kernel in (update["conv"]["kernel"].reshape(36, 8), update["head"]["kernel"]):
        singular = jnp.linalg.svd(kernel, compute_uv=False)
        assert float(singular.min()) > 0.4 * float(singular.max())
    nadam = last_update(optax.nadam(1.0), [GRADIENT])
    np.testing.assert_allclose(update["conv"]["bias"], nadam["conv"]["bias"], rtol=1e-5)


def published_muon(gradient, factor):
    """The first update of Jordan's Muon (github.com/KellerJordan/Muon) of a gradient [outputs, inputs], in float64."""
    x = np.asarray(gradient, np.float64)
    x = x.T if x.shape[0] > x.shape[1] else x
    x = x / np.linalg.norm(x)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return factor * (x.T if gradient.shape[0] > gradient.shape[1] else x)


@pytest.mark.parametrize("shape", [(8, 10), (10, 8), (3, 3, 4, 8), (1, 1, 8, 28)])
def test_muon_is_the_published_one_with_every_kernel_scaled_as_a_matrix(shape):
    gradient = {"kernel": jax.random.normal(jax.random.key(4), shape)}
    update = last_update(optimizers.muon(), [gradient], gradient)["kernel"]
    outputs, inputs = shape[-1], gradient["kernel"].size // shape[-1]
    theirs = published_muon(gradient["kernel"].reshape(inputs, outputs).T, max(1, outputs / inputs) ** 0.5)
    np.testing.assert_allclose(update.reshape(inputs, outputs).T, theirs, rtol=0, atol=1e-5)


def test_adagrad_starts_at_a_sum_of_a_tenth():
    gradient = {"kernel": jnp.array([0.01, 1.0, -3.0])}
    update = last_update(optimizers.adagrad(), [gradient], gradient)["kernel"]
    np.testing.assert_allclose(update, gradient["kernel"] / jnp.sqrt(0.1 + gradient["kernel"] ** 2), rtol=1e-5)


def test_update_is_minus_rate_times_direction_plus_decay_by_rules():
    rules_ = {
        "weight_decay_multipliers": (("head/*", 2.0), ("*kernel", 1.0), ("*", 0.0)),
        "lr_multipliers": (("*bias", 64.0),),
    }
    update = updates(OptimizerConfig("sgd", 0.1, weight_decay=0.01, **rules_))
    g, w = GRADIENT, PARAMS
    expected = {
        "conv": {
            "kernel": -0.1 * (g["conv"]["kernel"] + 0.01 * w["conv"]["kernel"]),
            "bias": -6.4 * g["conv"]["bias"],
        },
        "head": {"kernel": -0.1 * (g["head"]["kernel"] + 0.02 * w["head"]["kernel"])},
    }
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7), update, expected)


def test_clipping_bounds_the_global_norm():
    update = updates(OptimizerConfig("sgd", 1.0, clip_norm=0.5))
    assert float(optax.tree.norm(update)) == pytest.approx(0.5, rel=1e-5)


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_frozen_parameters_have_neither_update_nor_state(name):
    config = OptimizerConfig(name, 0.1, freeze=("conv/*",))
    mask = freezing.ever(freezing.spans(config, PARAMS, {}, int)[0])
    trained, _ = rules.partition(mask, PARAMS)
    gradient, _ = rules.partition(mask, GRADIENT)
    update = last_update(build(config), [gradient], trained)
    assert rules.paths(update) == ["head/kernel"]
    assert float(jnp.abs(update["head"]["kernel"]).max()) > 0


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_what_is_unfrozen_late_moves_as_if_the_training_began_then(name):
    config = OptimizerConfig(name, 0.1, unfreeze=(("conv/*", "3"),))
    spans, _ = freezing.spans(config, PARAMS, {}, int)
    optimizer = optimizers.build(config, optax.constant_schedule(1.0), PARAMS, spans)
    late = GRADIENT | {"conv": jax.tree.map(jnp.zeros_like, GRADIENT["conv"])}
    update = last_update(optimizer, [late] * 3 + [GRADIENT] * 2)
    expected = updates(OptimizerConfig(name, 0.1), count=2)["conv"]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6), update["conv"], expected)
    whole = updates(OptimizerConfig(name, 0.1), count=5)["head"]
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), update["head"], whole)


def test_patterns_freeze_the_statistics_of_their_layers_too():
    stats = {"conv": {"mean": jnp.zeros(8)}, "norm": {"mean": jnp.zeros(8)}}
    config = OptimizerConfig("sgd", freeze=("conv/*",), unfreeze=(("head/*", "7"),))
    spans, statistics = freezing.spans(config, PARAMS, stats, int)
    assert spans["conv"] == {"kernel": freezing.NEVER, "bias": freezing.NEVER}
    assert spans["head"] == {"kernel": freezing.Span(7)}
    assert statistics == {"conv": {"mean": freezing.NEVER}, "norm": {"mean": freezing.ALWAYS}}
    moves = OptimizerConfig("sgd", freeze=("conv/*",), frozen_batch_stats="update")
    assert freezing.spans(moves, PARAMS, stats, int)[1]["conv"] == {"mean": freezing.ALWAYS}
    assert [freezing.moving(spans, step)["head"]["kernel"] for step in (6, 7)] == [False, True]


def test_the_schedule_of_what_is_frozen_early_is_over_then():
    config = OptimizerConfig("sgd", 0.1, freeze_at=(("conv/bias", "4"),))
    spans, _ = freezing.spans(config, PARAMS, {}, lambda when: 10 if when == "100%" else int(when))
    optimizer = optimizers.build(config, optax.linear_schedule(1.0, 0.0, 10), PARAMS, spans)
    state, rates = optimizer.init(PARAMS), []
    for _ in range(4):
        update, state = optimizer.update(GRADIENT, state, PARAMS)
        share = jax.tree.map(lambda u, g: float(-(u / g).mean() / 0.1), update, GRADIENT)
        rates.append((share["conv"]["bias"], share["head"]["kernel"]))
    np.testing.assert_allclose(rates, [(1, 1), (0.75, 0.9), (0.5, 0.8), (0.25, 0.7)], rtol=1e-5)
    assert [freezing.moving(spans, step)["conv"] for step in (3, 4)] == [
        {"kernel": True, "bias": True},
        {"kernel": True, "bias": False},
    ]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (OptimizerConfig("adm"), "unknown optimizer 'adm': did you mean 'adam'"),
        (OptimizerConfig("adam", momentum=0.9), "optimizer 'adam' takes no 'momentum'"),
        (OptimizerConfig("sgd", freeze=("stem/*",)), "optimizer.freeze: the pattern 'stem/\\*' matches no parameter"),
        (OptimizerConfig("sgd", weight_decay_multipliers=(("*scale", 1.0),)), "optimizer.weight_decay_multipliers"),
    ],
)
def test_a_bad_optimizer_is_one_clear_error(config, message):
    with pytest.raises(UserError, match=message):
        updates(config)
