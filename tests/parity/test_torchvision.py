"""Every convolutional network for classification of torchvision, at small images: the table in docs/models.md.

`make parity ARGS="-m parity -k every_network -s"` takes an hour and prints the largest difference of each.
"""

import pytest

from helpers.foreign import differences, network, takes_back
from jaxcnn import MODELS
from jaxcnn.models.sizes import SIZES
from jaxcnn.models.torchvision import TORCHVISION
from jaxcnn.weights import export_weights

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]  # the warnings are theirs

SIDE = 64
SIDES = {"alexnet": 224, "vgg": 224, "inception": 299, "efficientnet": 128}
"""Dense layers on the image want the whole of it, and the statistics of a deep network more than four pixels."""
TRANSFORMERS = ("maxvit", "swin", "vit")
ONE_EACH = {
    *("squeezenet1_0", "squeezenet1_1", "mnasnet0_5", "regnet_x_400mf", "regnet_y_400mf", "efficientnet_v2_s"),
    *("shufflenet_v2_x0_5", "convnext_small"),
}
"""Of the families that test_parity.py does not have."""
CASES = [pytest.param(name, marks=[] if name in ONE_EACH else [pytest.mark.slow]) for name in TORCHVISION]


@pytest.mark.parametrize("name", CASES)
def test_every_network_has_torchvisions_logits_and_gives_its_weights_back(name: str):
    ours = TORCHVISION[name].model
    side = next((size for prefix, size in SIDES.items() if name.startswith(prefix)), SIDE)
    net, images = network("torchvision", name, side)
    model = MODELS[ours](num_classes=1000)
    difference, rounding, variables, report = differences(net, images, model)
    print(f"{name}: {difference:.1e} of the standard deviation of the logits; PyTorch's own rounding {rounding:.1e}")
    assert rounding < 1e-3, "the statistics of so few pixels amplify any rounding: nothing is compared"
    assert difference < max(1e-4, 2 * rounding)
    assert report.parameters == SIZES[ours].parameters
    takes_back(net, export_weights(model, variables, (side, side, 3)))


def test_there_is_no_other_and_all_are_of_the_published_size():
    models = pytest.importorskip("torchvision.models")
    theirs = [name for name in models.list_models(module=models) if not name.startswith(TRANSFORMERS)]
    assert sorted(TORCHVISION) == sorted(theirs)
    for name, (ours, _) in TORCHVISION.items():
        for weights in models.get_model_weights(name):
            if name != "inception_v3":  # published with its auxiliary head
                assert weights.meta["num_params"] == SIZES[ours].parameters, name
            if weights.transforms().crop_size[0] == SIZES[ours].image[0]:
                assert weights.meta["_ops"] == pytest.approx(SIZES[ours].macs / 1e9, abs=6e-4), name
