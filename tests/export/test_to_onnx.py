"""ONNX programs against the functions that they were made of, by onnxruntime."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import pytest
from jax import lax

from jaxcnn.errors import UserError
from jaxcnn.export.program import difference
from jaxcnn.export.to_onnx import to_onnx
from jaxcnn.layers import ACTIVATIONS, avg_pool, max_pool
from jaxcnn.layers.upsample import conv_transpose
from jaxcnn.models import FOR_PICTURES, MODELS
from jaxcnn.models.sizes import PICTURE_SIZES, SIZES
from jaxcnn.ops.conv import conv_general_dilated
from jaxcnn.ops.geometry import NHWC

BATCHES = (1, 3)


def apart(function: Callable[[Any], Any], shape: tuple[int, ...], dtype: Any = np.float32) -> float:
    """The greatest difference between the function and its ONNX program, as a fraction of the greatest number."""
    model = to_onnx(function, shape, dtype, {"who": "a test"})
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    worst = 0.0
    for batch in BATCHES:
        images = np.random.default_rng(batch).normal(size=(batch, *shape)).astype(dtype)
        wanted, found = np.asarray(jax.jit(function)(images)), np.asarray(session.run(None, {"images": images})[0])
        assert found.shape == wanted.shape
        worst = max(worst, difference(found, wanted) / np.abs(wanted).max())
    return worst


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str):
    assert apart(lambda x: ACTIVATIONS[name](3 * x), (4, 5, 3)) < 1e-6


CONVOLUTIONS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((3, 3, 6, 8), {}),
    ((3, 3, 6, 8), {"window_strides": (2, 1), "padding": ((0, 1), (2, 0))}),
    ((1, 1, 6, 8), {"window_strides": (2, 2), "padding": "VALID"}),
    ((3, 2, 2, 9), {"feature_group_count": 3}),
    ((5, 3, 1, 12), {"feature_group_count": 6, "window_strides": (2, 2)}),
    ((3, 3, 6, 4), {"rhs_dilation": (2, 2)}),
]


@pytest.mark.parametrize(("kernel", "options"), CONVOLUTIONS)
def test_convolutions_are_plain(kernel: tuple[int, ...], options: dict[str, Any]):
    weights = np.random.default_rng(0).normal(size=kernel).astype(np.float32)
    settings: dict[str, Any] = {"window_strides": (1, 1), "padding": "SAME", "dimension_numbers": NHWC, **options}
    assert apart(lambda x: conv_general_dilated(x, weights, **settings), (9, 8, 6)) < 1e-5


@pytest.mark.parametrize(("side", "stride", "padding", "extra"), [(3, 2, 1, 1), (4, 2, 1, 0), (2, 2, 0, 0)])
def test_transposed_convolutions(side: int, stride: int, padding: int, extra: int):
    weights = np.random.default_rng(0).normal(size=(side, side, 3, 4)).astype(np.float32)
    assert apart(lambda x: conv_transpose(x, jnp.asarray(weights), stride, padding, extra), (5, 6, 3)) < 1e-5


@pytest.mark.parametrize("pool", [max_pool, avg_pool])
@pytest.mark.parametrize(
    "settings",
    [
        {"window_shape": (2, 2), "strides": (2, 2)},
        {"window_shape": (3, 3), "strides": (2, 2), "padding": ((1, 1), (1, 1))},
        {"window_shape": (3, 3), "strides": (2, 2), "ceil_mode": True},
        {"window_shape": (3, 2), "padding": "SAME"},
    ],
)
def test_pools(pool: Callable[..., Any], settings: dict[str, Any]):
    assert apart(lambda x: pool(x, **settings), (8, 9, 5)) < 1e-6


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "flip": lambda x: x[:, :, ::-1],
    "reflect": lambda x: jnp.pad(x, ((0, 0), (1, 1), (2, 2), (0, 0)), "reflect"),
    "pad and crop": lambda x: lax.pad(x, 2.0, [(0, 0, 0), (1, -1, 0), (-1, 0, 0), (0, 2, 0)]),
    "softmax": lambda x: jax.nn.softmax(x.reshape(x.shape[0], -1)),
    "broadcast": lambda x: x.mean((1, 2), keepdims=True) + jnp.zeros((x.shape[0], 4, 6, 3)),
    "constants": lambda x: x * jnp.arange(3.0) + jnp.ones((4, 6, 1)) @ jnp.ones((1, 3)),
    "einsum": lambda x: jnp.einsum("bhwc,bhwd->bcd", x, x),
    "split": lambda x: jnp.concatenate(jnp.split(x, 3, -1)[::-1], 1),
    "where": lambda x: jnp.where(x > 0.2, x, -x).max((1, 2)),
    "integers": lambda x: (x.astype(jnp.int32) // 2).astype(jnp.float32),
    "shuffled": lambda x: x.reshape(*x.shape[:-1], 3, 1).swapaxes(-1, -2).reshape(x.shape) ** 3,
    "resized": lambda x: jax.image.resize(x, (x.shape[0], 7, 9, 3), "bilinear"),
    "zeros": lambda x: jnp.zeros((x.shape[0], 2)) + 1,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_other_operations(name: str):
    assert apart(FUNCTIONS[name], (4, 6, 3)) < 1e-6


def test_what_has_no_translation_is_named():
    with pytest.raises(UserError, match="no translation of 'sort'"):
        to_onnx(lambda x: jnp.sort(x, axis=1), (4, 4, 1), np.float32, {})


def test_the_model_says_what_it_is():
    model = to_onnx(lambda x: x + 1, (4, 4, 1), np.float32, {"who": "a test"})
    (images,), (answers,) = model.graph.input, model.graph.output
    assert [each.dim_param or each.dim_value for each in images.type.tensor_type.shape.dim] == ["batch", 4, 4, 1]
    assert (images.name, answers.name) == ("images", "answers")
    assert {each.key: each.value for each in model.metadata_props} == {"who": "a test"}
    assert images.type.tensor_type.elem_type == onnx.TensorProto.FLOAT


# Networks: the smallest of each family


def smallest(networks: dict[str, Any], sizes: dict[str, Any]) -> list[str]:
    families: dict[type, list[str]] = {}
    for name in networks:
        families.setdefault(type(networks[name]()), []).append(name)
    return [min(names, key=lambda name: sizes[name].macs) for names in families.values()]


QUICK = {"neuron", "softmax", "mlp", "lenet5", "cudaconvnet_18pct", "quicknet", "resnet20"}
NETWORKS = dict.fromkeys(smallest(MODELS, SIZES), (MODELS, SIZES))
NETWORKS |= dict.fromkeys(smallest(FOR_PICTURES, PICTURE_SIZES), (FOR_PICTURES, PICTURE_SIZES))


GAINS = {"efficientnet_v2_s_384": 0.8}
"""Of kernels, where 1 lets 40 residual blocks grow to 1e7 and any rounding, ours or theirs, decides the answers."""


def drawn(shapes: Any, gain: float) -> Any:
    """Variables under which numbers of order one stay of order one."""
    draw = np.random.default_rng(0)

    def fill(path: Any, leaf: Any) -> Any:
        kind = path[-1].key
        if kind == "kernel":
            size = gain * np.sqrt(2 / max(np.prod(leaf.shape[:-1]), 1))
            return draw.normal(0, size, leaf.shape).astype(np.float32)
        low, high = (0.6, 1.4) if kind in ("scale", "var", "layer_scale") else (-0.1, 0.1)
        return draw.uniform(low, high, leaf.shape).astype(np.float32)

    return jax.tree_util.tree_map_with_path(fill, shapes)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.slow]) for n in NETWORKS])
def test_a_network_of_every_family(name: str):
    networks, sizes = NETWORKS[name]
    model, shape = networks[name](num_classes=2 if name == "neuron" else 3), sizes[name].image
    images = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
    shapes = jax.eval_shape(lambda x: model.init(jax.random.key(0), x, train=False), images)
    variables = drawn(shapes, GAINS.get(name, 1.0))
    assert apart(lambda x: model.apply(variables, x, train=False), shape) < 1e-4
