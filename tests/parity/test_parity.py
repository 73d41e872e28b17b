"""Our networks with the weights of torchvision's and timm's give their numbers: `make parity`.

The weights are random: published ones hide some mistakes, an epsilon hardly matters there. All networks of torchvision
at small images are in test_torchvision.py.
"""

import pytest

from helpers.foreign import differences, network, takes_back
from jaxcnn import MODELS, import_weights
from jaxcnn.weights import export_weights

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings("ignore")]  # the warnings are theirs

# ours -> library, its name, pixels
NETWORKS = {
    "alexnet_224": ("torchvision", "alexnet", 224),
    "vgg16_bn_224": ("torchvision", "vgg16_bn", 224),
    "resnet18_224": ("torchvision", "resnet18", 224),
    "resnet50_224": ("torchvision", "resnet50", 224),
    "resnext50_32x4d_224": ("torchvision", "resnext50_32x4d", 224),
    "se_resnet50_224": ("timm", "seresnet50", 224),
    "densenet121_224": ("torchvision", "densenet121", 224),
    "googlenet_224": ("torchvision", "googlenet", 224),
    "inception_v3_299": ("torchvision", "inception_v3", 299),
    "inception_v4_299": ("timm", "inception_v4", 299),
    "inception_resnet_v2_299": ("timm", "inception_resnet_v2", 299),
    "xception_299": ("timm", "legacy_xception", 299),
    "mobilenet_v1_224": ("timm", "mobilenetv1_100", 224),
    "mobilenet_v2_224": ("torchvision", "mobilenet_v2", 224),
    "mobilenet_v3_small_224": ("torchvision", "mobilenet_v3_small", 224),
    "mobilenet_v3_large_224": ("torchvision", "mobilenet_v3_large", 224),
    "shufflenet_v2_224": ("torchvision", "shufflenet_v2_x1_0", 224),
    "efficientnet_b0_224": ("torchvision", "efficientnet_b0", 224),
    "efficientnet_b1_240": ("torchvision", "efficientnet_b1", 240),
    "efficientnet_b5_456": ("torchvision", "efficientnet_b5", 456),
    "nasnet_a_large_331": ("timm", "nasnetalarge", 331),
    "convnext_tiny_224": ("torchvision", "convnext_tiny", 224),
    "repvgg_a0_224": ("timm", "repvgg_a0", 224),
}
OTHER_NAMES = {"convnext_tiny_224": ("timm", "convnext_tiny", 224)}
CASES = [*NETWORKS.items(), *OTHER_NAMES.items()]
WITH_HEADS = ("googlenet_224", "inception_v3_299")


@pytest.mark.parametrize(("ours", "theirs"), CASES, ids=[f"{ours}-{theirs[0]}" for ours, theirs in CASES])
def test_the_same_logits(ours: str, theirs: tuple[str, str, int]):
    net, images = network(*theirs)
    model = MODELS[ours](num_classes=1000)
    difference, rounding, variables, report = differences(net, images, model)
    assert all(name.endswith("num_batches_tracked") or ours in WITH_HEADS for name in report.ignored)
    print(f"{ours}: {difference:.1e} of the standard deviation of the logits; PyTorch's own rounding {rounding:.1e}")
    assert difference < max(1e-4, 2 * rounding)
    library, _, side = theirs
    takes_back(net, export_weights(model, variables, (side, side, 3), library))


@pytest.mark.parametrize("ours", WITH_HEADS)
def test_auxiliary_heads_are_taken_where_they_are_built(ours: str):
    net, _ = network(*NETWORKS[ours])
    report = import_weights(MODELS[ours](num_classes=1000, auxiliary=True), net.state_dict()).report
    assert report.parameters == sum(parameter.numel() for parameter in net.parameters())
    assert set(report.ignored.values()) == {"num_batches_tracked"}
