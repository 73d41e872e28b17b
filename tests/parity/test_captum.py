"""Our maps of what decided are captum's, on a torchvision network with random weights: `make parity`."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn import MODELS, import_weights
from jaxcnn.inspect import attributions, class_maps
from jaxcnn.inspect.network import Network

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")
attr = pytest.importorskip("captum.attr")
pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]  # the warnings are theirs

SIDE, CLASSES = 64, [3, 141]


@pytest.fixture(scope="module")
def both() -> tuple[Any, Any, Network, Any]:
    """Their network and images, ours and ours."""
    torch.manual_seed(0)
    net, images = torchvision.models.resnet18().eval(), torch.randn(2, 3, SIDE, SIDE)
    for module in net.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = False  # captum asks for it
    model = MODELS["resnet18_224"](num_classes=1000)
    variables, _ = import_weights(model, net.state_dict())
    return net, images, Network(model, variables, (SIDE, SIDE, 3)), ours(images)


def ours(images: Any) -> Any:
    return jnp.asarray(images.detach().numpy().transpose(0, 2, 3, 1))


def assert_same(found: Any, wanted: Any) -> None:
    """Up to 1e-4 of the greatest value."""
    wanted = np.asarray(wanted)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4 * abs(wanted).max())


def test_integrated_gradients(both):
    net, theirs, network, images = both
    wanted = attr.IntegratedGradients(net).attribute(
        theirs, target=torch.tensor(CLASSES), n_steps=20, method="gausslegendre"
    )
    found = attributions.integrated(network.score(jnp.array(CLASSES)), images, points=20)
    assert_same(found, ours(wanted))


def test_occlusion(both):
    """Captum gives every pixel the whole fall, we an even part of it."""
    net, theirs, network, images = both
    size = 16
    wanted = attr.Occlusion(net).attribute(
        theirs, (3, size, size), strides=(3, 8, 8), baselines=0, target=torch.tensor(CLASSES)
    )
    found = attributions.occlusion(network.score(jnp.array(CLASSES)), images, size=size, stride=8)
    assert_same(found * size * size * 3, ours(wanted))


def test_grad_cam_of_a_layer(both):
    net, theirs, network, images = both
    wanted = attr.LayerGradCam(net, net.layer3).attribute(theirs, target=torch.tensor(CLASSES), relu_attributions=True)
    layer = [place for place in network.places() if place.startswith("stage3")][-1]
    found = class_maps.class_maps(network, images, jnp.array(CLASSES), "grad_cam", layer.split("/")[0])
    assert_same(found, wanted[:, 0].detach().numpy())
