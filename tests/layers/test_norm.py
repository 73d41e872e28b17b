"""Batch normalization over one device and many."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from jaxcnn.layers import AXIS, BatchNorm
from jaxcnn.models import MODELS

KEY = jax.random.key(0)
ROOT = Path(__file__).parents[2]


def batch(parts: int = 4) -> jax.Array:
    """[parts, 6, 5, 5, 3], each part with a mean and a spread of its own."""
    x = jax.random.normal(KEY, (parts, 6, 5, 5, 3))
    own = jnp.arange(1.0, parts + 1).reshape(-1, 1, 1, 1, 1)
    return own * x + own


class Net(nn.Module):
    """Normalization inside a module, remade in each trace."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return BatchNorm(use_running_average=False)(x)


def forward(module: nn.Module, variables: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    return module.apply(variables, x, mutable=["batch_stats"])


WRAPPED = [(jax.jit, 2), pytest.param(jax.checkpoint, 4, marks=pytest.mark.slow)]
MODULES = pytest.mark.parametrize("module", [Net(), BatchNorm(use_running_average=False)], ids=["inside", "separate"])


@MODULES
@pytest.mark.parametrize(("wrap", "parts"), WRAPPED, ids=["jit", "remat"])
def test_parts_of_a_batch_share_their_statistics(module: nn.Module, wrap: Any, parts: int):
    x = batch(parts)
    variables = module.init(KEY, x[0])
    step = wrap(lambda x: forward(module, variables, x))
    whole, whole_stats = step(x.reshape(-1, *x.shape[2:]))
    normalized, part_stats = jax.vmap(step, axis_name=AXIS)(x)
    np.testing.assert_allclose(normalized.reshape(whole.shape), whole, atol=1e-4)
    for stats, own in zip(*map(jax.tree.leaves, (whole_stats, part_stats)), strict=True):
        np.testing.assert_allclose(own, jnp.broadcast_to(stats, own.shape), rtol=1e-4)


@MODULES
@pytest.mark.parametrize("axis", ["local", None])
def test_another_axis_leaves_each_part_its_own(module: nn.Module, axis: str | None):
    x = batch()
    variables = module.init(KEY, x[0])
    parts, _ = jax.vmap(lambda x: forward(module, variables, x), axis_name=axis)(x)
    for part, separate in zip(x, parts, strict=True):
        np.testing.assert_allclose(forward(module, variables, part)[0], separate, atol=1e-4)


def test_no_trace_outlives_its_axis():
    """One jitted function, used outside, inside and outside a map again, is traced for each."""
    x = batch()
    module = Net()
    variables = module.init(KEY, x[0])
    step = jax.jit(lambda x: forward(module, variables, x)[0])
    before, inside, after = step(x[0]), jax.vmap(step, axis_name=AXIS)(x)[0], step(x[0])
    np.testing.assert_array_equal(before, after)
    assert np.abs(before - inside).max() > 0.1


def test_gradients_of_the_parts_average_to_that_of_the_whole():
    x = batch()
    module = Net()
    variables = module.init(KEY, x[0])
    target = jax.random.normal(jax.random.key(1), x.shape)

    def loss(x: jax.Array, target: jax.Array) -> jax.Array:
        return jnp.mean((forward(module, variables, x)[0] - target) ** 3)

    def mapped(x: jax.Array, target: jax.Array) -> jax.Array:
        return jax.vmap(loss, axis_name=AXIS)(x, target).mean()

    flat = (-1, *x.shape[2:])
    whole = jax.grad(loss)(x.reshape(flat), target.reshape(flat))
    np.testing.assert_allclose(jax.grad(mapped)(x, target).reshape(whole.shape), whole, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(6, 4, 4, 3), (50, 8, 8, 32), (7, 3, 3, 640), (64, 16)])
def test_values_and_gradients_are_those_of_flax(dtype: str, shape: tuple[int, ...]):
    """In each way of summing: all at once, and block by block where that divides the whole."""
    x = (3 * jax.random.normal(KEY, shape) + 1).astype(dtype)
    target = jax.random.normal(jax.random.key(1), shape)
    module = BatchNorm(use_running_average=False)
    variables = module.init(KEY, x)
    variables["params"] = {"scale": jnp.linspace(0.5, 2, shape[-1]), "bias": jnp.linspace(-1, 1, shape[-1])}

    def loss(norm: nn.Module, params: Any, x: jax.Array) -> tuple[jax.Array, Any]:
        y, updates = forward(norm, {**variables, "params": params}, x)
        return jnp.sum((y - target) ** 2), updates

    def judge(norm: nn.Module, x: jax.Array) -> Any:
        return jax.value_and_grad(lambda *a: loss(norm, *a), argnums=(0, 1), has_aux=True)(variables["params"], x)

    ours, flax = judge(module, x), judge(nn.BatchNorm(use_running_average=False, momentum=0.9), x.astype("float32"))
    close = 1e-4 if dtype == "float32" else 2e-2
    for mine, theirs in zip(jax.tree.leaves(ours), jax.tree.leaves(flax), strict=True):
        scale = np.abs(theirs).max()
        np.testing.assert_allclose(np.asarray(mine, np.float32) / scale, theirs / scale, atol=close)


def test_same_variables_as_flax():
    x = batch()[0]
    ours, flax = (jax.eval_shape(norm(use_running_average=False).init, KEY, x) for norm in (BatchNorm, nn.BatchNorm))
    assert jax.tree.map(jnp.shape, ours) == jax.tree.map(jnp.shape, flax)
    assert set(Net().init(KEY, x)["params"]) == {"BatchNorm_0"}


def test_conventions():
    """Running values keep 0.9 of the old, and the variance is divided by n."""
    x = batch()[0]
    module = Net()
    _, updates = forward(module, module.init(KEY, x), x)
    stats = updates["batch_stats"]["BatchNorm_0"]
    np.testing.assert_allclose(stats["mean"], 0.1 * np.mean(x, axis=(0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(stats["var"], 0.9 + 0.1 * np.var(x, axis=(0, 1, 2)), rtol=1e-4)


def test_bfloat16_keeps_its_statistics_in_float32():
    x = batch()[0].astype(jnp.bfloat16)
    module = BatchNorm(use_running_average=False, dtype=jnp.bfloat16)
    y, variables = module.init_with_output(KEY, x)
    _, updates = forward(module, variables, x)
    assert y.dtype == jnp.bfloat16
    assert {leaf.dtype for leaf in jax.tree.leaves(updates)} == {jnp.dtype("float32")}


EIGHT_DEVICES = """
import warnings; warnings.simplefilter("ignore")
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import PartitionSpec as P
from jaxcnn.layers import AXIS
from jaxcnn.models import MODELS

module = MODELS["resnet20"](blocks=(1,), widths=(4,))
x = jax.random.normal(jax.random.key(0), (16, 16, 16, 3)) * jnp.arange(1.0, 17).reshape(-1, 1, 1, 1)
variables = jax.jit(module.init)(jax.random.key(1), x)
step = lambda v, x: module.apply(v, x, train=True, mutable=["batch_stats"])
close = lambda a, b: all(
    np.allclose(p, q, rtol=1e-3, atol=1e-4) for p, q in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
)
assert jax.device_count() == 8
whole = jax.jit(step)(variables, x)

def pmapped(axis):
    mapped = jax.pmap(step, axis_name=axis, in_axes=(None, 0), out_axes=(0, None))
    logits, stats = mapped(variables, x.reshape(8, 2, *x.shape[1:]))
    return logits.reshape(16, -1), stats

assert close(pmapped(AXIS), whole)
assert not close(pmapped("local"), whole)
mesh = jax.make_mesh((8,), (AXIS,), axis_types=(jax.sharding.AxisType.Auto,))
sharded = jax.shard_map(step, mesh=mesh, in_specs=(P(), P(AXIS)), out_specs=(P(AXIS), P()))
assert close(jax.jit(sharded)(variables, x), whole)
"""


@pytest.mark.slow
def test_eight_devices_agree_with_one():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **flags}
    done = subprocess.run([sys.executable, "-c", EIGHT_DEVICES], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_in_64_bits_variables_stay_float32_and_a_float64_batch_is_normalized_in_float64():
    """The mean is 10,000 times the deviation: of 24 bits, 11 would be left."""
    with jax.enable_x64(True):
        x = 1 + 1e-4 * jax.random.normal(KEY, (64, 5, 5, 3), jnp.float64)
        module = BatchNorm(use_running_average=False, epsilon=0.0)
        variables = module.init(KEY, x)
        y, updated = forward(module, variables, x)
        assert {leaf.dtype for leaf in jax.tree.leaves((variables, updated))} == {jnp.dtype("float32")}
        assert y.dtype == jnp.float64
        exact = (x - x.mean((0, 1, 2))) / x.std((0, 1, 2))
        np.testing.assert_allclose(y, exact, atol=1e-6)
        assert forward(module, variables, x.astype(jnp.float32))[0].dtype == jnp.float32


@pytest.mark.parametrize("name", ["resnet20", "lenet5_1998", "convnext_tiny", "mobilenet_v2", "vgg16_bn", "airbench94"])
def test_in_64_bits_the_parameters_of_a_network_stay_float32(name: str):
    model, images = MODELS[name](num_classes=10), jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32)
    with jax.enable_x64(True):
        variables = jax.eval_shape(lambda x: model.init(KEY, x, train=False), images)
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
