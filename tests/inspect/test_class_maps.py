"""Class maps by the properties that define them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers.opened import CLASSES, IMAGES, Linear, catalog, made
from jaxcnn.errors import UserError
from jaxcnn.inspect import class_maps
from jaxcnn.inspect.class_maps import CLASS_MAPS
from jaxcnn.models.trace import outputs_of

LAST = "stage3_block1"


def test_gradients_at_a_layer_are_those_of_finite_differences():
    network = catalog()
    output, gradient = network.at_layer("stage2_block1", IMAGES, CLASSES)
    np.testing.assert_allclose(output, outputs_of(network.model, network.variables, IMAGES, "stage2_block1"), atol=1e-5)
    step = 1e-2 * jax.random.normal(jax.random.key(0), output.shape)
    ahead, behind = (network._moved("stage2_block1", IMAGES, sign * step)[0] for sign in (1, -1))
    slope = jnp.take_along_axis(ahead - behind, CLASSES[:, None], 1)[:, 0] / 2
    np.testing.assert_allclose((gradient * step).sum((1, 2, 3)), slope, atol=5e-3)


def test_grad_cam_before_its_relu_is_cam_over_the_number_of_places():
    network = catalog()
    output, gradient = network.at_layer(LAST, IMAGES, CLASSES)
    cam = class_maps.cam(output, network.variables["params"]["head"]["kernel"], CLASSES)
    places = output.shape[1] * output.shape[2]
    np.testing.assert_allclose(class_maps.grad_cam_before_relu(output, gradient), cam / places, atol=1e-5)


def test_the_sum_of_hires_cam_is_the_logit_without_its_bias():
    network = catalog()
    maps = class_maps.class_maps(network, IMAGES, CLASSES, "hires_cam", LAST)
    bias = network.variables["params"]["head"]["bias"][CLASSES]
    np.testing.assert_allclose(maps.sum((1, 2)), network.score(CLASSES)(IMAGES) - bias, atol=1e-4)


def test_layer_cam_is_never_negative_and_is_hires_cam_where_all_gradients_speak_for_the_class():
    network = catalog()
    for layer in network.stages().values():
        assert float(class_maps.class_maps(network, IMAGES, CLASSES, "layer_cam", layer).min()) >= 0
    output, gradient = network.at_layer(LAST, IMAGES, CLASSES)
    speaking = jnp.abs(gradient)
    np.testing.assert_allclose(
        class_maps.layer_cam(output, speaking), jax.nn.relu(class_maps.hires_cam(output, speaking)), atol=1e-6
    )


def test_joined_maps_have_the_size_of_the_image():
    maps = class_maps.joined(catalog(), IMAGES, CLASSES)
    assert maps.shape == (6, 16, 16)
    assert 0 <= float(maps.min()) <= float(maps.max()) <= 1.0001


def test_the_default_layer_is_the_last_with_a_side_of_eight():
    assert catalog().default_layer() == "stage2_block1"
    assert catalog().stages() == {1: "stage1_block1", 2: "stage2_block1", 4: "stage3_block1"}


@pytest.mark.parametrize(
    ("layer", "message"), [("stage2_blok1", "stage2_block1"), ("head", "no layer"), ("stage5_block1", "only one place")]
)
def test_errors_name_a_layer_that_can_be_shown(layer: str, message: str):
    five = "resnet20:widths=(4,4,4,4,4),blocks=(1,1,1,1,1)"
    network = catalog(five) if layer == "stage5_block1" else catalog()
    with pytest.raises(UserError, match=message):
        class_maps.class_maps(network, IMAGES, CLASSES, "hires_cam", layer)


def test_a_network_without_places_and_an_unknown_map():
    with pytest.raises(UserError, match="no layer with places"):
        made(Linear()).default_layer()
    with pytest.raises(UserError, match="hires_cam"):
        class_maps.class_maps(catalog(), IMAGES, CLASSES, "hirescam")


@pytest.mark.parametrize("name", CLASS_MAPS)
def test_maps_follow_the_class(name: str):
    network = catalog()
    one, other = (class_maps.class_maps(network, IMAGES, classes, name) for classes in (CLASSES, (CLASSES + 1) % 10))
    assert float(jnp.abs(one - other).max()) > 0
