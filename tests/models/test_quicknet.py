"""The parts of quicknet that the questions exchange."""

import flax.traverse_util
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.errors import UserError
from jaxcnn.models import MODELS, count
from jaxcnn.models.trace import outputs_of

IMAGES = jax.random.normal(jax.random.key(1), (6, 16, 16, 3))
THIN = {"stem": 4, "widths": (4, 8)}


def initialized(**options):
    model = MODELS["quicknet"](num_classes=10, **THIN, **options)
    return model, jax.jit(lambda key: model.init(key, IMAGES, train=False))(jax.random.key(0))


def paths(variables):
    return set(flax.traverse_util.flatten_dict(variables["params"], sep="/"))


def test_every_pool_halves_the_image_and_only_the_stride_saves_work():
    macs = {}
    for pool in ("max", "average", "stride"):
        model, variables = initialized(pool=pool)
        sizes = [outputs_of(model, variables, IMAGES, f"stage{stage}_conv2").shape[1] for stage in (1, 2)]
        assert sizes == [4, 2]
        macs[pool] = count(model, (16, 16, 3)).macs
    assert macs["max"] == macs["average"] > macs["stride"]


@pytest.mark.parametrize("norm", ["batch", "group", "layer"])
def test_scale_and_shift_are_learned_if_asked_and_nowhere_without_a_norm(norm):
    affine = {path for path in paths(initialized(norm=norm)[1]) if "norm" in path}
    layers = {"stem/norm", "stage1_norm1", "stage1_norm2", "stage2_norm1", "stage2_norm2"}
    assert affine == {f"{layer}/{leaf}" for layer in layers for leaf in ("scale", "bias")}
    for options in ({"norm": norm, "norm_scale": False}, {"norm": "none"}):
        assert not any("norm" in path for path in paths(initialized(**options)[1]))
    assert "batch_stats" not in initialized(norm="none")[1]


def test_without_a_norm_an_example_does_not_see_the_others():
    model, variables = initialized(norm="none")
    whole, single = model.apply(variables, IMAGES, train=True), model.apply(variables, IMAGES[:1], train=True)
    np.testing.assert_allclose(whole[:1], single, atol=1e-6)


def test_a_maxout_unit_of_a_channel_and_zero_is_a_relu():
    model, variables = initialized(norm="none", activation="maxout")
    flat = flax.traverse_util.flatten_dict(variables["params"], sep="/")
    halved = {path: leaf if "head" in path else leaf.at[..., 1::2].set(0) for path, leaf in flat.items()}
    thin = {path: leaf if "head" in path else leaf[..., ::2] for path, leaf in halved.items()}
    plain, _ = initialized(norm="none")
    expected = plain.apply({"params": flax.traverse_util.unflatten_dict(thin, sep="/")}, IMAGES)
    seen = model.apply({"params": flax.traverse_util.unflatten_dict(halved, sep="/")}, IMAGES)
    np.testing.assert_allclose(seen, expected, atol=1e-6)


def test_dropout_takes_features_of_the_head_in_training_only():
    model, variables = initialized(norm="none", dropout=0.5)
    plain, _ = initialized(norm="none")
    np.testing.assert_array_equal(model.apply(variables, IMAGES), plain.apply(variables, IMAGES))
    key = {"dropout": jax.random.key(2)}
    dropped = model.apply(variables, IMAGES, train=True, rngs=key)
    assert jnp.abs(dropped - plain.apply(variables, IMAGES, train=True)).max() > 1e-4


@pytest.mark.parametrize("option", ["pool", "norm"])
def test_unknown_parts(option):
    with pytest.raises(UserError, match=f"unknown {option} 'medium'"):
        initialized(**{option: "medium"})
