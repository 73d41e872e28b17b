"""The parts of the convnet that the experiments exchange, and the softmax with a reference class."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn import rules
from jaxcnn.errors import UserError
from jaxcnn.models import MODELS, count

IMAGES = jax.random.normal(jax.random.key(1), (6, 8, 8, 3))


def initialized(name, **options):
    model = MODELS[name](num_classes=10, **options)
    return model, jax.jit(lambda key: model.init(key, IMAGES, train=False))(jax.random.key(0))


def small(**options):
    return initialized("convnet", widths=(4, 8), hidden=8, **options)


def test_maxout_is_the_greater_of_two_linear_pieces():
    model, variables = small(activation="maxout")
    params = variables["params"]
    assert params["stage1_conv1"]["kernel"].shape == (3, 3, 3, 8)
    assert params["stage2_conv1"]["kernel"].shape == (3, 3, 4, 16)
    assert params["dense1"]["kernel"].shape == (2 * 2 * 8, 16)
    # Two equal pieces are one linear unit; a piece and zero are a ReLU.
    halved = {name: dict(layer) for name, layer in params.items()}
    for name in ("stage1_conv1", "stage2_conv1", "dense1"):
        halved[name] = {key: leaf.at[..., 1::2].set(0) for key, leaf in params[name].items()}
    thin = {n: {k: leaf[..., ::2] for k, leaf in p.items()} for n, p in halved.items() if n != "head"}
    plain, _ = small(activation="relu")
    expected = plain.apply({"params": thin | {"head": params["head"]}}, IMAGES)
    np.testing.assert_allclose(model.apply({"params": halved}, IMAGES), expected, atol=1e-5)


@pytest.mark.parametrize(("norm", "axes"), [("batch", (0, 1, 2)), ("layer", (1, 2, 3))])
def test_a_normalised_layer_has_mean_zero_and_variance_one(norm, axes):
    model, variables = small(norm=norm, norm_scale=False, activation="identity")
    assert "stage1_norm1" not in variables["params"]
    seen = model.apply(variables, IMAGES, train=True, capture_intermediates=True, mutable=True)[1]["intermediates"]
    output = np.asarray(seen["stage1_norm1"]["__call__"][0])
    np.testing.assert_allclose(output.mean(axes), 0, atol=1e-5)
    np.testing.assert_allclose(output.var(axes), 1, atol=1e-3)


@pytest.mark.parametrize("norm", ["group", "layer"])
def test_norms_without_a_batch_treat_each_example_alone(norm):
    model, variables = small(norm=norm)
    whole, separate = model.apply(variables, IMAGES, train=True), model.apply(variables, IMAGES[:1], train=True)
    np.testing.assert_allclose(whole[:1], separate, atol=1e-5)
    assert [path for path in rules.paths(variables["params"]) if path.endswith("scale")]


def test_every_pool_halves_the_image_and_only_the_stride_saves_work():
    macs = {}
    for pool in ("max", "average", "stride"):
        model, variables = small(pool=pool)
        assert variables["params"]["dense1"]["kernel"].shape[0] == 2 * 2 * 8
        macs[pool] = count(model, (8, 8, 3)).macs
    assert macs["max"] == macs["average"] > macs["stride"]


def test_depth_adds_convolutions_to_each_stage():
    _, variables = small(depth=3)
    assert sum("conv" in name for name in variables["params"]) == 6


@pytest.mark.parametrize("option", ["pool", "norm"])
def test_unknown_parts(option):
    with pytest.raises(UserError, match=f"unknown {option} 'medium'"):
        small(**{option: "medium"})


def test_nine_logits_and_an_implied_zero_are_a_softmax():
    """softmax(x W + b) does not change when one class's weights are subtracted from all."""
    model, variables = initialized("softmax", kernel_init="normal(0.1)")
    reference, others = initialized("softmax", reference_class=True)
    dense = variables["params"]["head"]
    differences = {name: (leaf - leaf[..., :1])[..., 1:] for name, leaf in dense.items()}
    assert jax.tree.map(jnp.shape, others["params"]["head"]) == jax.tree.map(jnp.shape, differences)
    logits = reference.apply({"params": {"head": differences}}, IMAGES)
    assert (logits[:, 0] == 0).all()
    np.testing.assert_allclose(jax.nn.softmax(logits), jax.nn.softmax(model.apply(variables, IMAGES)), atol=1e-5)
