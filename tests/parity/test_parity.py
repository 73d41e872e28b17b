"""Our networks with the weights of torchvision's and timm's give their numbers: `make parity`.

Nothing is downloaded: the weights, the affine parameters and the statistics are random, the latter such that every
layer sees numbers of order one, where a mistake shows. (Published weights hide some: an epsilon hardly matters there.)
"""

import importlib
from typing import Any

import jax
import numpy as np
import pytest

from jaxcnn import MODELS, import_weights

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
QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}  # each program runs once


def network(library: str, name: str, side: int) -> tuple[Any, Any]:
    """PyTorch's network in evaluation, everything in it random, and images [2, 3, side, side]."""
    import torch

    torch.manual_seed(0)
    make = {"torchvision": ("torchvision.models", "get_model"), "timm": ("timm", "create_model")}[library]
    net = getattr(importlib.import_module(make[0]), make[1])(name)
    images = torch.randn(2, 3, side, side)
    with torch.no_grad():
        for entry, parameter in net.named_parameters():
            if entry.endswith(("layer_scale", "gamma")):
                parameter.uniform_(0.2, 1)
        norms = [layer for layer in net.modules() if isinstance(layer, torch.nn.BatchNorm2d | torch.nn.LayerNorm)]
        for layer in norms:
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.normal_(0, 0.2)
            layer.momentum = 1.0
        net.train()(images)  # takes over the statistics of the images
        for layer in norms:
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean += 0.2 * layer.running_var.sqrt() * torch.randn_like(layer.running_mean)
                layer.running_var *= torch.empty_like(layer.running_var).uniform_(0.7, 1.4)
    return net.eval(), images


@pytest.mark.parametrize(("ours", "theirs"), CASES, ids=[f"{ours}-{theirs[0]}" for ours, theirs in CASES])
def test_the_same_logits(ours: str, theirs: tuple[str, str, int]):
    import torch

    net, images = network(*theirs)
    with torch.inference_mode():
        rounded, wanted = net(images).numpy(), net.double()(images.double()).numpy()
    net.float()
    model = MODELS[ours](num_classes=1000)
    variables, report = import_weights(model, net.state_dict())
    assert all(name.endswith("num_batches_tracked") or ours in WITH_HEADS for name in report.ignored)
    pixels = images.numpy().transpose(0, 2, 3, 1)
    forward = jax.jit(lambda variables, images: model.apply(variables, images, train=False))
    logits = forward.lower(variables, pixels).compile(QUICK)(variables, pixels)
    difference = np.abs(np.asarray(logits) - wanted).max() / wanted.std()
    rounding = np.abs(rounded - wanted).max() / wanted.std()
    print(f"{ours}: {difference:.1e} of the standard deviation of the logits; PyTorch's own rounding {rounding:.1e}")
    assert difference < max(1e-4, 2 * rounding)


@pytest.mark.parametrize("ours", WITH_HEADS)
def test_auxiliary_heads_are_taken_where_they_are_built(ours: str):
    net, _ = network(*NETWORKS[ours])
    report = import_weights(MODELS[ours](num_classes=1000, auxiliary=True), net.state_dict()).report
    assert report.parameters == sum(parameter.numel() for parameter in net.parameters())
    assert set(report.ignored.values()) == {"num_batches_tracked"}
