"""The building blocks that several networks share."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from helpers.modules import apply
from jaxcnn.errors import UserError
from jaxcnn.layers import (
    Conv,
    ConvNorm,
    DropPath,
    Head,
    InvertedResidual,
    SeparableConv,
    SqueezeExcite,
    round_channels,
    whitening_filters,
)
from jaxcnn.layers.branches import HALVE, Branches, Reduce, Unit, run_stem
from jaxcnn.layers.factorized_reduction import FactorizedReduction
from jaxcnn.models import MODELS
from jaxcnn.models.counts import count
from jaxcnn.models.shufflenet import shuffle_channels

KEY = jax.random.key(0)


def images(*shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)


def tree(module: nn.Module, x: jax.Array) -> dict:
    return jax.tree.map(jnp.shape, jax.eval_shape(module.init, KEY, x)["params"])


def empty(module: nn.Module, x: jax.Array) -> dict:
    """The module's variables, all zero."""
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), jax.eval_shape(module.init, KEY, x))


class TestWhitening:
    """Filters from the second moments of patches."""

    @pytest.mark.parametrize("size", [2, 3])
    def test_whitened_patches_have_the_identity_as_second_moment(self, size: int):
        x = images(64, 8, 8, 3).cumsum(axis=1) + 0.5
        filters = whitening_filters(x, size, eps=0.0)
        half = size * size * 3
        assert filters.shape == (size, size, 3, 2 * half)
        outputs = jax.lax.conv_general_dilated(
            x, filters, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"), precision="highest"
        ).reshape(-1, 2 * half)
        moments = outputs.T @ outputs / outputs.shape[0]
        np.testing.assert_allclose(moments[:half, :half], np.eye(half), atol=5e-3)
        np.testing.assert_array_equal(filters[..., half:], -filters[..., :half])

    def test_epsilon_holds_back_directions_without_variance(self):
        gray = jnp.repeat(images(64, 8, 8, 1), 3, axis=-1)
        assert jnp.abs(whitening_filters(gray, eps=1e-2)).max() <= 10.001

    def test_images_smaller_than_a_patch_are_refused(self):
        with pytest.raises(UserError, match="at least 3x3"):
            whitening_filters(images(4, 2, 2, 3), 3)


class TestDropPath:
    """Whole examples dropped."""

    def test_keeps_the_mean_and_drops_whole_examples(self):
        x = jnp.ones((4000, 2, 2, 1))
        y = apply(DropPath(0.25), {}, x, rngs={"dropout": KEY})
        np.testing.assert_allclose(np.unique(y), [0, 4 / 3], rtol=1e-6)
        assert (y.min(axis=(1, 2, 3)) == y.max(axis=(1, 2, 3))).all()
        assert abs(float(y.mean()) - 1) < 0.03

    @pytest.mark.parametrize(
        ("rate", "progress", "deterministic"), [(0.5, 1.0, True), (0.0, 1.0, False), (0.5, 0.0, False)]
    )
    def test_is_the_identity_in_evaluation_and_at_rate_zero(self, rate: float, progress: float, deterministic: bool):
        x = images(8, 3)
        y = DropPath(rate, deterministic).apply({}, x, progress, rngs={"dropout": KEY})
        np.testing.assert_array_equal(x, y)


class TestSqueezeExcite:
    """Gates from channel averages."""

    def test_closed_and_half_open_gates(self):
        x = images(2, 4, 4, 8)
        zeros = empty(SqueezeExcite(2), x)
        np.testing.assert_allclose(apply(SqueezeExcite(2), zeros, x), x / 2, rtol=1e-6)
        np.testing.assert_allclose(apply(SqueezeExcite(2, gate="hard_sigmoid"), zeros, x), x / 2, rtol=1e-6)
        zeros["params"]["expand"]["bias"] = jnp.full(8, -100.0)
        np.testing.assert_allclose(apply(SqueezeExcite(2), zeros, x), 0, atol=1e-6)

    def test_parameters(self):
        shapes = tree(SqueezeExcite(2), jnp.zeros((1, 4, 4, 8)))
        assert shapes == {
            "reduce": {"kernel": (1, 1, 8, 2), "bias": (2,)},
            "expand": {"kernel": (1, 1, 2, 8), "bias": (8,)},
        }


class TestBranches:
    """Inception modules from data."""

    def test_joins_convolutions_pools_and_forks_in_order(self):
        fork = ((Unit(3, (1, 3)),), (Unit(5, (3, 1)),))
        chains = {
            "branch3x3": (Unit(4, 3, 2, "VALID"),),
            "branch_pool": (HALVE,),
            "branch5x5": (Unit(2), HALVE, fork),
        }
        x = images(1, 9, 9, 6)
        module = Branches(chains, ConvNorm)
        variables = empty(module, x)
        y = apply(module, variables, x)
        assert y.shape == (1, 4, 4, 4 + 6 + 3 + 5)
        np.testing.assert_array_equal(y[..., 4:10], HALVE(x))
        assert set(variables["params"]) == {"branch3x3", "branch5x5_1", "branch5x5_2a", "branch5x5_2b"}
        assert variables["params"]["branch5x5_2b"]["conv"]["kernel"].shape == (3, 1, 2, 5)

    def test_a_unit_that_reduces_is_not_counted(self):
        chains = {"one": (Reduce(2), Unit(3)), "two": (Reduce(2), Unit(3), Unit(3))}
        names = set(tree(Branches(chains, ConvNorm), jnp.zeros((1, 4, 4, 3))))
        assert names == {"one_reduce", "one", "two_reduce", "two_1", "two_2"}

    @pytest.mark.parametrize(
        ("chain", "names"),
        [
            ((Unit(4),), {"conv", "norm"}),
            ((Unit(4), HALVE, Unit(2)), {"conv1", "conv2"}),
            ((Unit(4), (((HALVE,), (Unit(2, 3, 2, "VALID"), Unit(2))))), {"conv1", "conv2b_1", "conv2b_2"}),
        ],
    )
    def test_a_stem_is_one_unit_or_a_chain_of_them(self, chain: tuple, names: set[str]):
        class Net(nn.Module):
            @nn.compact
            def __call__(self, x: jax.Array) -> jax.Array:
                return run_stem(x, chain, ConvNorm)

        assert set(tree(Net(), jnp.zeros((1, 9, 9, 3)))["stem"]) == names


def test_conv_norm_without_normalization_is_a_convolution():
    x = images(1, 6, 6, 3)
    module = ConvNorm(4, batch_norm=False, use_bias=True, activation="identity")
    y, variables = module.init_with_output(KEY, x)
    conv = {"params": variables["params"]["conv"]}
    np.testing.assert_allclose(y, apply(Conv(4, (3, 3), padding=1), conv, x), rtol=1e-6)


def test_separable_convolution_is_as_much_cheaper_as_the_paper_says():
    """By 1 / outputs + 1 / 9 of parameters and MACs (Howard et al. 2017, section 3.1)."""

    class Only(nn.Module):
        layer: nn.Module

        def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
            return self.layer(x)

    layers = SeparableConv(64), Conv(64, (3, 3), padding=1, use_bias=False)
    separable, full = (count(Only(layer), (8, 8, 32)) for layer in layers)
    assert separable.parameters / full.parameters == pytest.approx(1 / 64 + 1 / 9)
    assert separable.macs / full.macs == pytest.approx(1 / 64 + 1 / 9)


@pytest.mark.parametrize("side", [7, 8])
def test_factorized_reduction_sees_even_and_odd_pixels(side: int):
    module = FactorizedReduction(3, partial(Conv, use_bias=False), partial(nn.BatchNorm, use_running_average=True))
    x = images(1, side, side, 2)
    variables = module.init(KEY, x)
    assert apply(module, variables, x).shape == (1, 4, 4, 3)
    gradient = jax.grad(lambda x: jnp.square(apply(module, variables, x)).sum())(x)[0, ..., 0]
    seen = {(int(row) % 2, int(column) % 2) for row, column in np.argwhere(np.asarray(gradient))}
    assert seen == {(0, 0), (1, 1)}


def test_inverted_residual_adds_its_input_only_where_the_shape_is_kept():
    x = images(2, 4, 4, 8)
    for width, strides, residual in ((8, 1, True), (8, 2, False), (16, 1, False)):
        module = InvertedResidual(width, 16, 3, strides, ConvNorm)
        y = jax.jit(module.apply)(empty(module, x), x)
        np.testing.assert_array_equal(y, x if residual else jnp.zeros_like(y))
    assert "expand" not in tree(InvertedResidual(8, 8, 3, 1, ConvNorm), x)


def test_head_takes_maps_and_features():
    x = images(2, 3, 3, 4)
    logits, variables = Head(5).init_with_output(KEY, x)
    np.testing.assert_allclose(apply(Head(5), variables, x.mean(axis=(1, 2))), logits, rtol=1e-5)
    assert jax.tree.map(jnp.shape, variables["params"]) == {"kernel": (4, 5), "bias": (5,)}


def test_channels_are_rounded_to_multiples_of_eight():
    assert [round_channels(c) for c in (3, 11.2, 12, 16, 17.9, 28, 33.6)] == [8, 16, 16, 16, 24, 32, 32]


def test_shuffling_interleaves_the_halves():
    x = jnp.arange(6.0).reshape(1, 1, 1, 6)
    assert shuffle_channels(x).ravel().tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0_224"])
def test_depthwise_networks_refuse_float16_which_their_initial_features_leave(name):
    side = 224 if name.endswith("224") else 32
    images = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
    for dtype in (jnp.bfloat16, jnp.float16):
        model = MODELS[name](num_classes=10, dtype=dtype)
        init = partial(jax.eval_shape, lambda x, m=model: m.init(jax.random.key(0), x, train=False), images)
        if dtype == jnp.bfloat16:
            assert init()
            continue
        with pytest.raises(UserError, match="leave the range of float16"):
            init()
