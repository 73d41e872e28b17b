"""What every model promises, tried on the smallest member of each family, narrowed where that saves time."""

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
from jaxcnn.models.residual import BasicBlock, pad_shortcut, project_shortcut

SMALL: dict[str, dict[str, Any]] = {
    "neuron": {},
    "softmax": {},
    "mlp": {"hidden": (16,)},
    "convnet": {"widths": (4, 4), "hidden": 8},
    "quicknet": {"widths": (4, 8)},
    "vgg11_bn": {"depths": (1, 2), "widths": (4, 8)},
    "resnet20": {"blocks": (1, 1), "widths": (4, 8)},
    "resnet18": {"blocks": (1, 1), "widths": (4, 8)},
    "cudaconvnet_11pct": {"layers": ("conv 4 0.1", "max", "within", "local 4 0.1", "act", "across", "avg")},
    "alexnet_2012": {"layers": ((4, 3, 2, (0, 1), 1, 0.0, True, 3), (4, 3, 1, 1, 2, 1.0)), "hidden": (8,), "side": 16},
    "se_resnet50_224": {"blocks": (1, 1), "widths": (4, 8), "groups": 2, "group_width": 32, "reduction": 2},
    "preact_resnet164": {"blocks": (1, 1), "widths": (4, 8), "stem": 4},
    "densenet_bc_100_12": {"layers": (1, 1), "growth": 4},
}
BATCH = 4


def images(seed: int = 0, side: int = 16) -> jax.Array:
    return jnp.asarray(np.random.default_rng(seed).normal(size=(BATCH, side, side, 3)), jnp.float32)


def narrow(name: str, **options: Any) -> nn.Module:
    return MODELS[name](**SMALL[name], **options)


def start(module: nn.Module) -> dict[str, Any]:
    """Random variables of the module's shapes, without the time that compiling its initialization takes."""
    random = np.random.default_rng(1)
    shapes = jax.eval_shape(lambda x: module.init(jax.random.key(0), x, train=False), images())

    def fill(low: float, high: float, tree: Any) -> Any:
        return jax.tree.map(lambda leaf: random.uniform(low, high, leaf.shape).astype("float32"), tree)

    filled = {"params": fill(-0.5, 0.5, shapes["params"]), "batch_stats": fill(0.5, 1.5, shapes.get("batch_stats"))}
    return {name: filled[name] for name in shapes}


@pytest.mark.parametrize("name", SMALL)
def test_outputs_are_float32_logits_and_parameters_float32(name: str):
    classes = 2 if name == "neuron" else 7
    module = narrow(name, num_classes=classes, dtype=jnp.bfloat16)
    logits, variables = jax.eval_shape(
        lambda x: module.init_with_output(jax.random.key(0), x, train=False), images(side=32)
    )
    assert logits.shape == (BATCH, 1 if name == "neuron" else classes)
    assert logits.dtype == jnp.float32
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}


@pytest.mark.parametrize("name", SMALL)
def test_training_moves_statistics_and_every_parameter_has_a_gradient(name: str):
    # Batch normalization takes away the biases before it, which then have no gradient: leave those out.
    module = narrow(name, **{"vgg11_bn": {"conv_bias": False}}.get(name, {}))
    variables = start(module)

    @jax.jit
    def learn(params: Any) -> Any:
        def loss(params: Any) -> Any:
            rngs = {"dropout": jax.random.key(2)}
            logits, updates = module.apply({**variables, "params": params}, images(), True, rngs=rngs, mutable=True)
            return jnp.sum(jnp.arange(logits.size).reshape(logits.shape) * logits), updates

        return jax.grad(loss, has_aux=True)(params)

    gradients, updates = learn(variables["params"])
    for path, gradient in jax.tree_util.tree_leaves_with_path(gradients):
        assert np.isfinite(gradient).all(), path
        assert np.any(gradient != 0), path
    for old, new in zip(*(jax.tree.leaves(tree.get("batch_stats")) for tree in (variables, updates)), strict=True):
        assert np.any(old != new)


@pytest.mark.parametrize("name", SMALL)
def test_evaluation_changes_nothing_and_jit_changes_no_result(name: str):
    module = narrow(name)
    variables = start(module)
    plain, after = module.apply(variables, images(), train=False, mutable=True)
    jax.tree.map(np.testing.assert_array_equal, after, {name: variables[name] for name in after})
    compiled = jax.jit(lambda v, x: module.apply(v, x, train=False))(variables, images())
    np.testing.assert_allclose(plain, compiled, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_bfloat16_stays_near_float32(name: str):
    variables = start(narrow(name))

    @jax.jit
    def both(x: jax.Array) -> Any:
        return [narrow(name, dtype=dtype).apply(variables, x, train=False) for dtype in (jnp.float32, jnp.bfloat16)]

    exact, rough = both(images())
    assert rough.dtype == jnp.float32
    np.testing.assert_allclose(exact, rough, atol=0.05 * float(jnp.abs(exact).max()))


@pytest.mark.parametrize("name", ["mlp", "convnet", "vgg11_bn", "alexnet_2012", "preact_resnet164"])
def test_dropout_draws_in_training_only(name: str):
    module = narrow(name, dropout=0.5)
    variables = start(module)

    @jax.jit
    def train(seed: int) -> jax.Array:
        rngs = {"dropout": jax.random.key(seed)}
        return module.apply(variables, images(), train=True, mutable=["batch_stats"], rngs=rngs)[0]

    assert np.any(train(0) != train(1))
    np.testing.assert_array_equal(train(0), train(0))


@pytest.mark.parametrize("name", ["neuron", "softmax", "mlp"])
def test_dense_models_take_flat_images(name: str):
    module = narrow(name)
    variables = start(module)
    flat = images().reshape(BATCH, -1)
    np.testing.assert_array_equal(module.apply(variables, images()), module.apply(variables, flat))


def test_average_replaces_what_a_larger_image_leaves():
    module = MODELS["vgg11_bn"]()
    assert jax.eval_shape(module.init_with_output, jax.random.key(0), images(side=96))[0].shape == (BATCH, 10)


@pytest.mark.parametrize(
    ("name", "options", "shape", "message"),
    [
        ("vgg16_bn", {}, (1, 28, 28, 3), "at least 32x32 pixels, not 28x28"),
        ("convnet", {}, (1, 3072), r"not an array of shape \[1, 3072\]"),
        ("resnet20", {}, (1, 2, 2, 3), "at least 4x4"),
        ("neuron", {"num_classes": 10}, (1, 32, 32, 3), "2 classes apart, not 10"),
        ("resnet20", {"option": "C"}, (1, 32, 32, 3), "unknown shortcut option 'C'"),
        ("resnet20", {"activation": "rely"}, (1, 32, 32, 3), "did you mean 'relu'"),
        ("convnet", {"kernel_init": "he"}, (1, 32, 32, 3), "unknown initializer 'he'"),
        ("vgg11_bn", {"widths": (8, 8)}, (1, 32, 32, 3), "5 depths and 2 widths"),
        ("resnet20", {"widths": (8, 8)}, (1, 32, 32, 3), "3 blocks and 2 widths"),
    ],
)
def test_mistakes_are_told(name: str, options: dict, shape: tuple[int, ...], message: str):
    with pytest.raises(UserError, match=message):
        jax.eval_shape(MODELS[name](**options).init, jax.random.key(0), jnp.zeros(shape))


class TestBasicBlock:
    """The block of a residual network."""

    def block(self, width: int = 3, stride: int = 1, shortcut: Any = pad_shortcut) -> BasicBlock:
        conv = partial(nn.Conv, kernel_size=(3, 3), padding=1, use_bias=False, kernel_init=nn.initializers.ones)
        norm = partial(nn.BatchNorm, use_running_average=True)
        return BasicBlock(width, stride, shortcut, unit=ConvNorm, conv=conv, norm=norm, act=nn.relu, zero_gamma=True)

    def test_is_the_identity_at_zero_residual(self):
        x = nn.relu(images(side=8))
        y, _ = self.block().init_with_output(jax.random.key(1), x)
        np.testing.assert_array_equal(x, y)

    def test_option_a_takes_every_second_pixel_and_adds_empty_channels(self):
        x = nn.relu(images(side=8))
        y, _ = self.block(width=6, stride=2).init_with_output(jax.random.key(1), x)
        np.testing.assert_array_equal(y[..., :3], x[:, ::2, ::2])
        np.testing.assert_array_equal(y[..., 3:], 0)

    def test_option_b_projects_only_where_the_shape_changes(self):
        x = jnp.zeros((2, 8, 8, 4))
        same, wider = (
            jax.eval_shape(self.block(width=width, shortcut=project_shortcut).init, jax.random.key(1), x)["params"]
            for width in (4, 8)
        )
        assert set(same) == {"conv1", "conv2", "norm1", "norm2"}
        assert set(wider) - set(same) == {"shortcut"}
        assert wider["shortcut"]["conv"]["kernel"].shape == (1, 1, 4, 8)


def test_vgg_doubles_its_channels_to_512():
    params = jax.eval_shape(MODELS["vgg16_bn"]().init, jax.random.key(0), images(side=32))["params"]
    widths = {name: layer["kernel"].shape[-1] for name, layer in params.items() if "conv" in name}
    expected = {1: (64, 2), 2: (128, 2), 3: (256, 3), 4: (512, 3), 5: (512, 3)}
    assert widths == {f"stage{s}_conv{i}": width for s, (width, n) in expected.items() for i in range(1, n + 1)}
