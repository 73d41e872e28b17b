"""Derivatives of every order, forward and reverse, and gradients in shard_map: those of plain Flax."""

import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from jax.sharding import PartitionSpec

from helpers.processes import ROOT, run_program
from jaxcnn.layers import AXIS, BatchNorm
from jaxcnn.layers.activations import gelu, relu
from jaxcnn.ops.conv import Conv
from jaxcnn.ops.moments import moments, scale_and_shift, shift
from jaxcnn.ops.pool import avg_pool, max_pool
from jaxcnn.parallel import collectives

quick_jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


class Net(nn.Module):
    """A convolution with a bias, batch norm in training, an activation, a pool, another convolution."""

    conv: Any
    norm: Any
    activation: Any
    pool: Any

    @nn.compact
    def __call__(self, x):
        x = self.norm(name="norm")(self.conv(4, (3, 3), name="first")(x))
        x = self.pool(self.activation(x), (2, 2), (2, 2))
        return self.conv(2, (1, 1), name="second")(x)


OURS = Net(Conv, partial(BatchNorm, False), gelu, avg_pool)
FLAX = Net(nn.Conv, partial(nn.BatchNorm, False, momentum=0.9), partial(nn.gelu, approximate=False), nn.avg_pool)
X = jax.random.normal(jax.random.key(0), (3, 6, 5, 2))
VARIABLES = OURS.init(jax.random.key(1), X)
PARAMS: Any = VARIABLES["params"]
DIRECTION = jax.tree.map(lambda p: jnp.cos(3 * p + 1), (PARAMS, X))


def loss(net, params, x):
    y, updated = net.apply({**VARIABLES, "params": params}, x, mutable=["batch_stats"])
    return jnp.sin(y).sum() + sum(jnp.sin(leaf).sum() for leaf in jax.tree.leaves(updated))


def forward(net):
    return jax.jvp(partial(loss, net), (PARAMS, X), DIRECTION)


def forward_over_reverse(net):
    return jax.jvp(jax.grad(partial(loss, net), argnums=(0, 1)), (PARAMS, X), DIRECTION)


def reverse_over_forward(net):
    directional = lambda pair: jax.jvp(partial(loss, net), pair, DIRECTION)[1]  # noqa: E731
    return jax.grad(directional)((PARAMS, X))


def reverse_over_reverse(net):
    gradient = jax.grad(partial(loss, net), argnums=(0, 1))
    dot = lambda pair: sum(map(jnp.vdot, *map(jax.tree.leaves, (gradient(*pair), DIRECTION))))  # noqa: E731
    return jax.grad(dot)((PARAMS, X))


def hessian(net):
    return jax.hessian(lambda norm: loss(net, PARAMS | {"norm": norm}, X))(PARAMS["norm"])


def third(net):
    curvature = lambda x: jax.jvp(jax.grad(partial(loss, net, PARAMS)), (x,), (DIRECTION[1],))[1]  # noqa: E731
    return jax.jvp(curvature, (X,), (DIRECTION[1],))[1]


def close(ours, theirs, tolerance=2e-5):
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(1.0, float(jnp.abs(b).max())))


@pytest.mark.parametrize(
    "derivative",
    [forward, forward_over_reverse, reverse_over_forward, reverse_over_reverse, hessian, third],
    ids=lambda derivative: derivative.__name__,
)
def test_derivatives_of_a_network_in_training_are_flax_s(derivative):
    ours, theirs = (quick_jit(derivative, static_argnums=0)(net) for net in (OURS, FLAX))
    close(ours, theirs, 1e-4)


IMAGES, CHANNELS = jax.random.normal(jax.random.key(2), (3, 4, 4, 5)), jnp.linspace(0.5, 2, 5)
OPERATIONS = {
    "moments": (moments, (IMAGES,)),
    "scale and shift": (scale_and_shift, (IMAGES, CHANNELS, CHANNELS**2)),
    "shift": (shift, (IMAGES, CHANNELS)),
    "relu": (relu, (IMAGES,)),
    "gelu": (gelu, (IMAGES,)),
    "greatest": (lambda x: max_pool(x, (3, 3), (1, 1)), (IMAGES,)),
    "greatest of tiles": (lambda x: max_pool(x, (2, 2), (2, 2)), (IMAGES,)),
    "sum over devices": (
        lambda x: jax.vmap(partial(collectives.total, axis=AXIS), axis_name=AXIS)(jnp.sin(x)),
        (IMAGES,),
    ),
}
PLAIN = {
    "moments": lambda x: (x.mean((0, 1, 2)), (x * x).mean((0, 1, 2))),
    "scale and shift": lambda x, factor, offset: x * factor + offset,
    "shift": lambda x, offset: x + offset,
    "relu": jax.nn.relu,
    "gelu": partial(jax.nn.gelu, approximate=False),
    "greatest": lambda x: nn.max_pool(x, (3, 3), (1, 1)),
    "greatest of tiles": lambda x: nn.max_pool(x, (2, 2), (2, 2)),
    "sum over devices": lambda x: jnp.broadcast_to(jnp.sin(x).sum(0), x.shape),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_has_forward_and_mixed_derivatives(name):
    ours, operands = OPERATIONS[name]
    directions = tuple(map(jnp.cos, operands))

    def derivatives(operation):
        total = lambda *operands: sum(jnp.sin(y).sum() for y in jax.tree.leaves(operation(*operands)))  # noqa: E731
        gradient = jax.grad(total, argnums=tuple(range(len(operands))))
        return jax.jvp(operation, operands, directions), jax.jvp(gradient, operands, directions)

    close(derivatives(ours), derivatives(PLAIN[name]))


def test_a_part_of_the_operands_may_be_constant():
    """The rules of `scale_and_shift` leave out what is not differentiated."""
    operands: Any = OPERATIONS["scale and shift"][1]
    for argument in range(3):
        ours, theirs = (
            jax.jvp(
                lambda x, of=of, argument=argument: of(*(*operands[:argument], x, *operands[argument + 1 :])),
                (operands[argument],),
                (jnp.cos(operands[argument]),),
            )
            for of in (scale_and_shift, PLAIN["scale and shift"])
        )
        close(ours, theirs)


SHARDED = """
import jax
jax.config.update("jax_num_cpu_devices", DEVICES)
import jax.numpy as jnp, numpy as np
from functools import partial
from typing import Any
from jax.sharding import AxisType, PartitionSpec as P
from jaxcnn.layers import BatchNorm
from jaxcnn.layers.activations import gelu, relu
from jaxcnn.ops.conv import Conv
from jaxcnn.ops.pool import avg_pool, max_pool

mesh = jax.make_mesh((DEVICES,), ("d",), axis_types=(AxisType.Auto,))
x = jax.random.normal(jax.random.key(0), (64, 8, 8, 16))

def check(apply, params, tolerance):
    def loss(params, x):
        return jnp.sin(apply(params, x).astype(jnp.float32)).sum()

    def part(params, x):
        return jax.lax.psum(loss(params, x), "d")

    sharded = jax.shard_map(jax.grad(part), mesh=mesh, in_specs=(P(), P("d")), out_specs=P())
    parts = lambda params, x: sum(loss(params, each) for each in jnp.split(x, DEVICES))
    for a, b in zip(*map(jax.tree.leaves, (jax.jit(sharded)(params, x), jax.jit(jax.grad(parts))(params, x)))):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * float(jnp.abs(b).max()))

for dtype, tolerance in ((jnp.float32, 1e-5), (jnp.bfloat16, 2e-2)):
    groups = [{"feature_group_count": groups} for groups in (1, 4, 16)]
    for options in (*groups, {"strides": 2}, {"kernel_size": (1, 1)}):
        conv = Conv(**{"features": 16, "kernel_size": (3, 3), "dtype": dtype, **options})
        check(conv.apply, conv.init(jax.random.key(1), x), tolerance)
    for fixed in (True, False):
        norm = BatchNorm(use_running_average=fixed, dtype=dtype)
        variables = norm.init(jax.random.key(1), x)
        apply = lambda params, x: norm.apply({**variables, "params": params}, x, mutable=["batch_stats"])[0]
        check(apply, variables["params"], tolerance)
    for operation in (relu, gelu, partial(max_pool, window_shape=(3, 3)), partial(avg_pool, window_shape=(2, 2))):
        check(lambda scale, x: operation((scale * x).astype(dtype)), jnp.ones(16), tolerance)
"""


@pytest.mark.slow
def test_gradients_in_shard_map_with_its_checks_are_those_of_the_whole():
    result = run_program([sys.executable, "-c", SHARDED.replace("DEVICES", "4")], ROOT)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.slow
def test_shard_map_s_checks_accept_every_layer(dtype):
    """One device suffices for the types; the values on four are compared in the slow test."""
    mesh = jax.make_mesh((1,), ("d",), axis_types=(jax.sharding.AxisType.Auto,))
    net = Net(partial(Conv, dtype=dtype), partial(BatchNorm, False, dtype=dtype), relu, max_pool)
    x = jax.random.normal(jax.random.key(0), (64, 8, 8, 16))
    variables = net.init(jax.random.key(1), x)

    def part(params, x):
        y, _ = net.apply({**variables, "params": params}, x, mutable=["batch_stats"])
        return jax.lax.psum(jnp.sin(y.astype(jnp.float32)).sum(), "d")

    specs = (PartitionSpec(), PartitionSpec("d"))
    gradient = jax.shard_map(jax.grad(part), mesh=mesh, in_specs=specs, out_specs=PartitionSpec())
    whole = jax.vmap(jax.grad(part), (None, 0), axis_name="d")(variables["params"], x[None])
    close(quick_jit(gradient)(variables["params"], x), jax.tree.map(lambda g: g[0], whole), 2e-2)
