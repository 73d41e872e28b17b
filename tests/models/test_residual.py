"""What the blocks of residual and dense networks keep of their input, and what plain networks lack."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from jaxcnn.errors import UserError
from jaxcnn.layers import ConvNorm
from jaxcnn.models import MODELS
from jaxcnn.models.densenet import DenseLayer
from jaxcnn.models.preact import PreActBlock, bare_projection, basic, bottleneck
from jaxcnn.models.residual import BasicBlock, Bottleneck, ResidualBlock, exciter, pad_shortcut

X = jnp.asarray(np.random.default_rng(0).normal(size=(2, 6, 6, 8)), jnp.float32)
PARTS: dict[str, Any] = {
    "conv": partial(nn.Conv, kernel_size=(3, 3), padding=1, use_bias=False),
    "norm": partial(nn.BatchNorm, use_running_average=True),
    "act": nn.relu,
}


def zeros(module: nn.Module) -> Any:
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), jax.eval_shape(module.init, jax.random.key(0), X))


@pytest.mark.parametrize("excite", [None, exciter(4, jnp.float32)])
@pytest.mark.parametrize(("kind", "width"), [(BasicBlock, 8), (Bottleneck, 2)])
def test_a_zero_branch_leaves_what_an_activation_gave(kind: type[ResidualBlock], width: int, excite: Any):
    block = kind(width, 1, pad_shortcut, unit=ConvNorm, excite=excite, **PARTS)
    np.testing.assert_array_equal(block.apply(zeros(block), nn.relu(X)), nn.relu(X))


@pytest.mark.parametrize(("branch", "width"), [(basic, 8), (bottleneck, 2)])
def test_a_zero_branch_with_pre_activation_leaves_anything(branch: Any, width: int):
    block = PreActBlock(branch(width, 1), False, bare_projection, ConvNorm, drop=lambda x: x, **PARTS)
    np.testing.assert_array_equal(block.apply(zeros(block), X), X)


def test_the_first_pre_activation_of_the_network_is_shared_with_the_shortcut():
    norm = partial(nn.BatchNorm, use_running_average=True, use_scale=False, use_bias=False)
    parts = PARTS | {"conv": partial(nn.Conv, use_bias=False, kernel_init=nn.initializers.zeros), "norm": norm}
    block = PreActBlock(basic(8, 1), True, bare_projection, ConvNorm, drop=lambda x: x, **parts)
    y, _ = block.init_with_output(jax.random.key(0), X)
    np.testing.assert_allclose(y, nn.relu(X), rtol=1e-4)


def test_without_a_shortcut_nothing_passes_a_zero_branch():
    block = BasicBlock(8, 1, None, unit=ConvNorm, **PARTS)
    np.testing.assert_array_equal(block.apply(zeros(block), X), 0)


@pytest.mark.parametrize("depth", [20, 32])
def test_a_plain_network_has_the_parameters_of_option_a(depth: int):
    plain, residual = (
        jax.eval_shape(MODELS[f"{name}{depth}"]().init, jax.random.key(0), jnp.zeros((1, 32, 32, 3)))
        for name in ("plain", "resnet")
    )
    assert plain == residual


@pytest.mark.parametrize("inner", [0, 8])
def test_a_dense_layer_keeps_all_it_was_given(inner: int):
    layer = DenseLayer(growth=3, inner=inner, drop=lambda x: x, **PARTS)
    y, _ = layer.init_with_output(jax.random.key(0), X)
    assert y.shape == (2, 6, 6, 11)
    np.testing.assert_array_equal(y[..., :8], X)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnet20", {"groups": 2}, "only the bottleneck block has groups"),
        ("resnet20", {"block": "basics"}, "did you mean 'basic'"),
        ("wrn_16_4", {"option": "none"}, "unknown shortcut option 'none'"),
        ("resnet50", {"widths": (8, 8, 8)}, "4 blocks and 3 widths"),
        ("cudaconvnet_quick", {"layers": ("con 4 1",)}, "unknown layer of cudaconvnet 'con'"),
        ("alexnet", {}, "at least 29x29"),
        ("densenet121_224", {}, "at least 32x32"),
    ],
)
def test_mistakes_are_told(name: str, options: dict, message: str):
    with pytest.raises(UserError, match=message):
        jax.eval_shape(MODELS[name](**options).init, jax.random.key(0), jnp.zeros((1, 16, 16, 3)))
