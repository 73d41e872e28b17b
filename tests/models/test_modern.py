"""What the networks from GoogLeNet on promise, tried on narrow members; see also test_models.py."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.errors import UserError
from jaxcnn.layers import BatchNorm, Conv
from jaxcnn.models import MODELS
from jaxcnn.models.airbench import AirbenchGroup
from jaxcnn.models.repvgg import reparameterize

BATCH, SIDE = 4, 16
# Narrow, shallow, without random drops, and where it can be chosen with an activation that never dies.
SMALL: dict[str, dict[str, Any]] = {
    "googlenet": {"width": 0.03, "auxiliary": True, "conv_bias": False, "auxiliary_dropout": 0.0, "activation": "elu"},
    "mobilenet_v1": {"rows": ((8, 1), (16, 2)), "width": 0.5, "activation": "elu"},
    "mobilenet_v2": {"rows": ((1, 8, 1, 1), (2, 8, 2, 2)), "width": 0.5, "dropout": 0.0, "activation": "elu"},
    "mobilenet_v3_small": {
        "rows": ((3, 8, 8, True, "elu", 2), (5, 16, 8, False, "hard_swish", 1)),
        "hidden": 8,
        "dropout": 0.0,
    },
    "shufflenet_v2": {"blocks": (2,), "widths": (8,), "stem": 4, "final": 8, "activation": "elu"},
    "efficientnet_b0": {"rows": ((1, 3, 1, 8, 1), (2, 5, 2, 8, 2)), "width": 0.5, "dropout": 0.0, "drop_path": 0.0},
    "squeezenet1_1_224": {"stages": ((2,), (3,)), "stem": 4, "dropout": 0.0, "activation": "elu"},
    "mnasnet1_0_224": {
        "rows": ((1, 3, 1, 8, 1), (3, 5, 2, 8, 2)),
        "width": 0.5,
        "stem_stride": 1,
        "dropout": 0.0,
        "activation": "elu",
    },
    "regnet_y_400mf_224": {
        "blocks": (1, 1),
        "widths": (8, 16),
        "group_width": 4,
        "stem": 4,
        "stem_stride": 1,
        "activation": "elu",
    },
    "efficientnet_v2_s_384": {
        "rows": (("fused", 1, 3, 1, 8, 1), ("fused", 2, 3, 2, 8, 1), ("mbconv", 2, 3, 2, 8, 2)),
        "final": 8,
        "stem_stride": 1,
        "dropout": 0.0,
        "drop_path": 0.0,
    },
    "nasnet_a": {
        "cells": 1,
        "filters": 4,
        "stem_width": 8,
        "auxiliary": True,
        "drop_path": 0.0,
        "activation": "elu",
    },
    "convnext_tiny": {"blocks": (1, 1), "widths": (4, 8), "drop_path": 0.0, "layer_scale": 1.0},
    "repvgg_a0": {"stem": 4, "blocks": (2, 1), "widths": (4, 8), "strides": (1, 2), "activation": "elu"},
    "resnet9": {"widths": (4, 4, 8), "residual": (False, True, True), "activation": "elu"},
    "airbench94": {"widths": (4, 4, 8)},
    "airbench96": {"widths": (4, 4, 8)},
    "inception_v3": {"width": 0.03, "auxiliary": True, "dropout": 0.0, "activation": "elu"},
}
LONG = {
    *("googlenet", "inception_v3", "nasnet_a", "mobilenet_v1", "mobilenet_v3_small"),
    *("efficientnet_b0", "airbench94", "resnet9", "airbench96", "convnext_tiny"),
    *("squeezenet1_1_224", "mnasnet1_0_224", "regnet_y_400mf_224", "efficientnet_v2_s_384"),
}
NARROW = [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in SMALL]
HEADS = ("googlenet", "googlenet_paper_224", "inception_v3")
LONG_HEADS = ("googlenet_224", "inception_v3_299", "nasnet_a")


def images(side: int = SIDE) -> jax.Array:
    return jnp.asarray(np.random.default_rng(0).normal(size=(BATCH, side, side, 3)), jnp.float32)


def narrow(name: str, **options: Any) -> Any:
    return MODELS[name](**{**SMALL[name], **options})


def shapes(module: Any, side: int = SIDE, **call: Any) -> Any:
    return jax.eval_shape(lambda x: module.init(jax.random.key(0), x, **call), images(side))


def start(module: Any) -> dict[str, Any]:
    """Random variables of the module's shapes, without the time that compiling its initialization takes."""
    random = np.random.default_rng(1)

    def fill(path: Any, leaf: Any) -> Any:
        low, high = (0.5, 1.5) if path[-1].key in ("scale", "var") else (-0.4, 0.4)
        return random.uniform(low, high, leaf.shape).astype("float32")

    return jax.tree_util.tree_map_with_path(fill, shapes(module))


@pytest.mark.parametrize("name", SMALL)
def test_outputs_are_float32_logits_and_parameters_float32(name: str):
    module = narrow(name, num_classes=7, dtype=jnp.bfloat16)
    logits, variables = jax.eval_shape(lambda x: module.init_with_output(jax.random.key(0), x), images())
    assert logits.shape == (BATCH, 7)
    assert logits.dtype == jnp.float32
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}


@pytest.mark.parametrize("name", NARROW)
def test_training_moves_statistics_and_every_parameter_has_a_gradient(name: str):
    module = narrow(name)
    variables = start(module)

    @jax.jit
    def learn(params: Any) -> Any:
        def loss(params: Any) -> Any:
            outputs, updates = module.apply({**variables, "params": params}, images(), train=True, mutable=True)
            logits = jnp.concatenate(jax.tree.leaves(outputs))
            return jnp.sum(jnp.sin(jnp.arange(logits.size).reshape(logits.shape)) * logits), updates

        return jax.grad(loss, has_aux=True)(params)

    gradients, updates = learn(variables["params"])
    for path, gradient in jax.tree_util.tree_leaves_with_path(gradients):
        assert np.isfinite(gradient).all(), path
        assert np.any(gradient != 0), path
    for old, new in zip(*(jax.tree.leaves(tree.get("batch_stats")) for tree in (variables, updates)), strict=True):
        assert np.any(old != new)


@pytest.mark.parametrize("name", NARROW)
def test_evaluation_changes_nothing_and_jit_changes_no_result(name: str):
    module = narrow(name)
    variables = start(module)
    plain, after = module.apply(variables, images(), train=False, mutable=True)
    jax.tree.map(np.testing.assert_array_equal, after, {name: variables[name] for name in after})
    compiled = jax.jit(lambda v, x: module.apply(v, x, train=False))(variables, images())
    np.testing.assert_allclose(plain, compiled, rtol=1e-3, atol=1e-4 * float(jnp.abs(plain).max()))


@pytest.mark.parametrize("name", [*HEADS, *(pytest.param(name, marks=pytest.mark.slow) for name in LONG_HEADS)])
def test_auxiliary_heads_are_a_second_output_in_training_only(name: str):
    side = {"224": 224, "299": 299}.get(name[-3:], 32)
    module = MODELS[name](auxiliary=True)
    heads = 2 if name.startswith("googlenet") else 1
    variables = shapes(module, side, train=False)

    def run(train: bool) -> Any:
        rngs = {"dropout": jax.random.key(0)}
        apply = lambda v, x: module.apply(v, x, train=train, rngs=rngs, mutable=["batch_stats"])[0]  # noqa: E731
        return jax.eval_shape(apply, variables, images(side))

    logits, auxiliary = run(train=True)
    assert [logits.shape, *(head.shape for head in auxiliary)] == [(BATCH, 10)] * (1 + heads)
    assert run(train=False).shape == (BATCH, 10)
    assert 0 < module.auxiliary_weight < 1


def test_initialisation_makes_the_same_variables_in_training_and_in_evaluation():
    module = narrow("googlenet")
    assert jax.tree.map(jnp.shape, shapes(module, train=True)) == jax.tree.map(jnp.shape, shapes(module, train=False))


@pytest.mark.parametrize("name", ["convnext_tiny", pytest.param("nasnet_a", marks=pytest.mark.slow)])
def test_drop_path_draws_in_training_only(name: str):
    module = narrow(name, drop_path=0.5)
    variables = start(module)

    @jax.jit
    def train(seed: int, **call: Any) -> jax.Array:
        rngs = {"dropout": jax.random.key(seed)}
        outputs = module.apply(variables, images(), train=True, mutable=["batch_stats"], rngs=rngs, **call)[0]
        return jax.tree.leaves(outputs)[0]

    assert np.any(train(0) != train(1))
    if name == "nasnet_a":
        np.testing.assert_array_equal(train(0, progress=0.0), train(1, progress=0.0))


def test_plain_repvgg_computes_what_the_trained_one_does():
    module = narrow("repvgg_a0")
    variables = start(module)
    plain = narrow("repvgg_a0", plain=True)
    fused = reparameterize(variables)
    assert jax.tree.map(jnp.shape, fused) == jax.tree.map(jnp.shape, shapes(plain))
    run = partial(jax.jit, static_argnums=0)(lambda module, v: module.apply(v, images()))
    np.testing.assert_allclose(run(plain, fused), run(module, variables), rtol=1e-4, atol=1e-4)
    with pytest.raises(UserError, match="plain network already"):
        reparameterize(fused)


def test_convnext_block_is_the_identity_at_zero_scale():
    still = narrow("convnext_tiny")
    params = start(still)["params"]
    blocks = {name: params[name] for name in ("stage1_block1", "stage2_block1")}
    zero_scale = {name: {**block, "layer_scale": 0 * block["layer_scale"]} for name, block in blocks.items()}
    zero_blocks = jax.tree.map(np.zeros_like, blocks)

    @jax.jit
    def logits(params: Any) -> jax.Array:
        return still.apply({"params": params}, images())

    np.testing.assert_array_equal(logits({**params, **zero_scale}), logits({**params, **zero_blocks}))


def test_airbench_convolutions_start_as_the_identity_and_the_whitening_kernel_has_its_path():
    module = narrow("airbench94")

    @jax.jit
    def begin(x: jax.Array) -> Any:
        params = module.init(jax.random.key(0), x)["params"]
        assert params["whitening"]["kernel"].shape == (2, 2, 3, 24)
        assert set(params["group1"]["norm1"]) == {"bias"}
        return params["group2"]["conv1"]["kernel"]

    np.testing.assert_array_equal(begin(images())[1, 1], np.eye(4))


def test_airbench_trains_without_the_row_and_the_column_that_its_pool_drops():
    conv = partial(Conv, kernel_size=(3, 3), padding=1, use_bias=False)
    norm = partial(BatchNorm, use_running_average=False)
    x = jax.random.normal(jax.random.key(0), (2, 7, 9, 3))
    groups = [AirbenchGroup(8, 2, train, conv, norm, jax.nn.gelu) for train in (True, False)]
    variables = groups[0].init(jax.random.key(1), x)
    kept = {"capture_intermediates": True, "mutable": ["batch_stats", "intermediates"]}
    (trained, inside), (tested, whole) = (group.apply(variables, x, **kept) for group in groups)
    np.testing.assert_allclose(trained, tested, atol=1e-5)
    shapes = [layers["intermediates"]["conv1"]["__call__"][0].shape for layers in (inside, whole)]
    assert shapes == [(2, 6, 8, 8), (2, 7, 9, 8)]


@pytest.mark.parametrize(
    ("name", "options", "side", "message"),
    [
        ("googlenet", {"stem": "imagnet"}, 32, "did you mean 'imagenet'"),
        ("googlenet", {"pools": ("padded", "4x4")}, 32, "unknown pool '4x4'"),
        ("inception_v3_299", {}, 32, "at least 75x75"),
        ("inception_v4_299", {}, 64, "at least 75x75"),
        ("shufflenet_v2", {"widths": (7, 8, 8)}, 32, "must be even"),
        ("shufflenet_v2", {"widths": (8, 8)}, 32, "3 blocks and 2 widths"),
        ("repvgg_a0", {"strides": (1, 2)}, 32, "4 blocks and 4 widths and 2 strides"),
        ("nasnet_a", {"stem": "large"}, 32, "unknown stem 'large'"),
        ("airbench94", {}, 8, "at least 9x9"),
        ("squeezenet1_0_224", {}, 20, "at least 21x21"),
        ("squeezenet1_1_224", {}, 16, "at least 17x17"),
        ("regnet_x_400mf_224", {"blocks": (1, 2)}, 32, "2 blocks and 4 widths"),
        ("efficientnet_v2_s_384", {"rows": (("fusd", 1, 3, 1, 8, 1),)}, 32, "did you mean 'fused'"),
        ("mobilenet_v2", {"activation": "rel6"}, 32, "did you mean 'relu6'"),
    ],
)
def test_mistakes_are_told(name: str, options: dict, side: int, message: str):
    with pytest.raises(UserError, match=message):
        shapes(MODELS[name](**options), side)
