"""Networks whose counts are right with wrong sums: computed beside ours, in NumPy, as the cited sources build them."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import pytest

from jaxcnn.models import MODELS
from jaxcnn.models.trace import calls

Array = np.ndarray
Tree = Mapping[str, Any]


def drawn(model: Any, images: Array) -> Any:
    """Random variables, with statistics that a wrong order of sums and norms would not survive."""
    draw = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda x: model.init(jax.random.key(0), x, train=False), images)

    def fill(path: Any, leaf: Any) -> Array:
        low, high = (0.5, 1.5) if path[-1].key in ("scale", "var") else (-0.5, 0.5)
        return draw.uniform(low, high, leaf.shape).astype(np.float32)

    return jax.tree_util.tree_map_with_path(fill, shapes)


def conv(x: Array, kernel: Array, stride: int = 1) -> Array:
    """The definition, tap by tap, with half the window of zeros around."""
    side, half = len(kernel), len(kernel) // 2
    padded = np.pad(x, ((0, 0), (half, half), (half, half), (0, 0)))
    out = [(padded.shape[axis] - side) // stride + 1 for axis in (1, 2)]
    total = np.zeros((len(x), *out, kernel.shape[-1]))
    for row in range(side):
        for column in range(side):
            taps = padded[:, row : row + stride * out[0] : stride, column : column + stride * out[1] : stride]
            total += taps[:, : out[0], : out[1]] @ kernel[row, column]
    return total


def norm_relu(x: Array, params: Tree, stats: Tree, epsilon: float = 1e-5) -> Array:
    y = (x - stats["mean"]) / np.sqrt(stats["var"] + epsilon) * params["scale"] + params["bias"]
    return np.maximum(y, 0)


def pre_activation(variables: Tree, x: Array, strides: Mapping[str, int]) -> Array:
    """The last map of blocks that add the raw input, or project the activated one where the shape changes."""
    params, stats = variables["params"], variables["batch_stats"]
    x = conv(x, params["stem"]["conv"]["kernel"])
    for name, stride in strides.items():
        block, held = params[name], stats[name]
        active = norm_relu(x, block["norm1"], held["norm1"])
        y = conv(active, block["conv1"]["kernel"], stride)
        y = conv(norm_relu(y, block["norm2"], held["norm2"]), block["conv2"]["kernel"])
        x = y + (conv(active, block["shortcut"]["conv"]["kernel"], stride) if "shortcut" in block else x)
    return x


STRIDES = {"stage1_block1": 1, "stage1_block2": 1, "stage2_block1": 2, "stage2_block2": 1}


@pytest.mark.parametrize(
    ("name", "widths", "projected"),
    [
        ("preact_resnet18", (4, 8), {"stage2_block1"}),
        ("wrn_40_1", (4, 8), {"stage2_block1"}),
        ("wrn_40_2", (8, 16), {"stage1_block1", "stage2_block1"}),
    ],
)
def test_a_pre_activation_network_adds_the_raw_input_where_the_shape_is_kept(
    name: str, widths: tuple[int, ...], projected: set[str]
):
    model = MODELS[name](blocks=(2, 2), widths=widths, stem=4, num_classes=3)
    images = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype(np.float32)
    variables = drawn(model, images)
    params = variables["params"]
    assert {block for block in STRIDES if "shortcut" in params[block]} == projected
    x = pre_activation(variables, images, STRIDES)
    if "final_norm" in params:  # of the wide networks; kuangliu's have none
        x = norm_relu(x, params["final_norm"], variables["batch_stats"]["final_norm"])
    wanted = x.mean(axis=(1, 2)) @ params["head"]["kernel"] + params["head"]["bias"]
    np.testing.assert_allclose(jax.jit(model.apply)(variables, images), wanted, rtol=1e-3, atol=1e-4)


def padded_pool(x: Array) -> Array:
    """PyTorch's MaxPool2d(3, stride=2, padding=1): windows around every other pixel, from the first on."""
    wide = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    rows, columns = ((size + 1) // 2 for size in x.shape[1:3])
    windows = [wide[:, i : i + 2 * rows - 1 : 2, j : j + 2 * columns - 1 : 2] for i in range(3) for j in range(3)]
    return np.max(windows, axis=0)


def test_googlenet_for_small_images_pads_both_of_its_pools():
    model = MODELS["googlenet_3x3"](width=0.05)
    images = np.random.default_rng(1).normal(size=(1, 10, 10, 3)).astype(np.float32)
    variables = drawn(model, images)

    @jax.jit
    def run(variables: Any, images: Array) -> dict[str, Array]:
        return {call.path: call.output for call in calls(model.apply, variables, images)}

    outputs = run(variables, images)
    for before, after in (("inception_3b", "inception_4a"), ("inception_4e", "inception_5a")):
        unit, stats = (variables[name][after]["branch1x1"] for name in ("params", "batch_stats"))
        pooled = conv(padded_pool(np.asarray(outputs[before])), unit["conv"]["kernel"])
        wanted = norm_relu(pooled, unit["norm"], stats["norm"], epsilon=1e-3)
        np.testing.assert_allclose(outputs[f"{after}/branch1x1"], wanted, rtol=1e-3, atol=1e-4)
