"""How much of the image one unit sees: measured through gradients, and equal to the sum over the layers.

Pools are averages here, activations the identity and all weights positive, so that a gradient is nowhere zero by
chance, and each width is 1, for only windows and strides decide.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from jaxcnn.layers import Conv, avg_pool
from jaxcnn.models import MODELS, alexnet, cuda_convnet, lenet, stem, vgg
from jaxcnn.models.preact import PreActBlock
from jaxcnn.models.residual import ResidualBlock


def positive(module: nn.Module, image: jax.Array) -> Any:
    shapes = jax.eval_shape(module.init, jax.random.key(0), image)
    return jax.tree.map(lambda leaf: jnp.full(leaf.shape, 0.5), shapes)


def seen(features: Callable[[jax.Array], jax.Array], side: int) -> tuple[int, int]:
    """Height and width of what the unit in the middle of `features` depends on."""

    def middle(image: jax.Array) -> jax.Array:
        maps = features(image)
        return maps[0, maps.shape[1] // 2, maps.shape[2] // 2].sum()

    # The function is linear, so its gradient is the same everywhere.
    gradient = np.abs(jax.jit(jax.grad(middle))(jnp.zeros((1, side, side, 1)))).max(axis=(0, 3))
    rows, columns = np.nonzero(gradient)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


@pytest.mark.parametrize(("depth", "field"), [(1, 3), (2, 5), (3, 7), (4, 9)])
def test_stacked_3x3_convolutions_see_as_one_larger(depth: int, field: int):
    net = nn.Sequential([Conv(1, (3, 3), padding=1) for _ in range(depth)])
    variables = positive(net, jnp.zeros((1, 16, 16, 1)))
    assert seen(lambda x: net.apply(variables, x), side=16) == (field, field)


NARROW = {"widths": (1, 1, 1, 1, 1)}
POOLED = [
    ("lenet5", {}, 16),
    ("lenet5_1998", {}, 16),
    ("cudaconvnet_18pct", {"layers": ("conv 1 1", "max", "conv 1 1", "avg", "conv 1 1", "avg")}, 43),
    ("alexnet_2012", {}, 195),
    ("alexnet_224", {}, 195),
    ("vgg11", NARROW, 150),
    ("vgg13", NARROW, 156),
    ("vgg16", NARROW, 212),
    ("vgg19", NARROW, 268),
]


@pytest.mark.parametrize(("name", "options", "field"), POOLED)
def test_the_last_pool_sees(name: str, options: dict, field: int, monkeypatch: pytest.MonkeyPatch):
    maps = []

    def pool(x: jax.Array, *args: Any, **kwargs: Any) -> jax.Array:
        maps.append(avg_pool(x, *args, **kwargs))
        return maps[-1]

    for module in (lenet, cuda_convnet, alexnet, vgg):
        for pooling in ("max_pool", "avg_pool"):
            monkeypatch.setattr(module, pooling, pool, raising=False)
    monkeypatch.setattr(alexnet, "norm_across_channels", lambda x, **_: x)
    if name.startswith("alexnet"):
        layers = MODELS[name].keywords["layers"]
        options = {"layers": tuple(layer._replace(width=1, groups=1) for layer in layers), "hidden": (1,)}
    model = MODELS[name](activation="identity", **options)
    # Twice the field, so that the unit in the middle sees no edge, and a side that every pool can take.
    side = 32 if field < 20 else (2 * field + 63) // 32 * 32
    variables = positive(model, jnp.zeros((1, side, side, 1)))

    def last_pool(image: jax.Array) -> jax.Array:
        model.apply(variables, image)
        return maps[-1]

    assert seen(last_pool, side) == (field, field)


RESIDUAL = [
    ("resnet20", {"widths": (1, 1, 1)}, 81),
    ("resnet32", {"widths": (1, 1, 1)}, 137),
    ("resnet18", {"widths": (1, 1, 1, 1)}, 109),
    ("resnet18_224", {"widths": (1, 1, 1, 1)}, 435),
    ("resnet50_224", {"widths": (1, 1, 1, 1)}, 427),
    ("wrn_16_4", {"widths": (1, 1, 1), "stem": 1}, 53),
    ("wrn_28_10", {"widths": (1, 1, 1), "stem": 1}, 109),
]


@pytest.mark.parametrize(("name", "options", "field"), RESIDUAL)
def test_the_last_block_sees(name: str, options: dict, field: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stem, "max_pool", avg_pool)
    model = MODELS[name](activation="identity", **options)
    side = (2 * field + 63) // 32 * 32
    variables = positive(model, jnp.zeros((1, side, side, 1)))

    def last_block(image: jax.Array) -> jax.Array:
        kept = {"capture_intermediates": lambda module, _: isinstance(module, (ResidualBlock, PreActBlock))}
        _, state = model.apply(variables, image, mutable=["intermediates"], **kept)
        blocks = state["intermediates"]
        return blocks[list(blocks)[-1]]["__call__"][0]

    assert seen(last_block, side) == (field, field)
