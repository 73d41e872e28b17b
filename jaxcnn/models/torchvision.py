"""torchvision's convolutional networks for classification and ours: the same parameters, names for them, and logits.

Ours are named for the images that they were made for, because the short names are of the networks for CIFAR-10.
"""

from typing import NamedTuple


class Twin(NamedTuple):
    """Our name, and the largest difference of its logits from torchvision's as a fraction of their standard deviation.

    Measured in float32 with random weights and statistics, by the command in docs/models.md.
    """

    model: str
    difference: float | None = None


TORCHVISION: dict[str, Twin] = {
    "alexnet": Twin("alexnet_224", 1.2e-06),
    "convnext_tiny": Twin("convnext_tiny_224", 2.4e-06),
    "convnext_small": Twin("convnext_small_224", 2.2e-06),
    "convnext_base": Twin("convnext_base_224", 2.8e-06),
    "convnext_large": Twin("convnext_large_224", 3.5e-06),
    "densenet121": Twin("densenet121_224", 6.6e-06),
    "densenet161": Twin("densenet161_224", 9.7e-06),
    "densenet169": Twin("densenet169_224", 9.1e-06),
    "densenet201": Twin("densenet201_224", 1.1e-05),
    "efficientnet_b0": Twin("efficientnet_b0_224", 5.4e-06),
    "efficientnet_b1": Twin("efficientnet_b1_240", 8.0e-06),
    "efficientnet_b2": Twin("efficientnet_b2_288", 5.6e-06),
    "efficientnet_b3": Twin("efficientnet_b3_300", 8.4e-06),
    "efficientnet_b4": Twin("efficientnet_b4_380", 9.8e-06),
    "efficientnet_b5": Twin("efficientnet_b5_456", 4.7e-06),
    "efficientnet_b6": Twin("efficientnet_b6_528", 7.8e-06),
    "efficientnet_b7": Twin("efficientnet_b7_600", 7.2e-06),
    "efficientnet_v2_s": Twin("efficientnet_v2_s_384", 3.4e-06),
    "efficientnet_v2_m": Twin("efficientnet_v2_m_480", 5.3e-06),
    "efficientnet_v2_l": Twin("efficientnet_v2_l_480", 6.6e-06),
    "googlenet": Twin("googlenet_224", 2.7e-05),
    "inception_v3": Twin("inception_v3_299", 3.6e-06),
    "mnasnet0_5": Twin("mnasnet0_5_224", 1.1e-05),
    "mnasnet0_75": Twin("mnasnet0_75_224", 8.9e-06),
    "mnasnet1_0": Twin("mnasnet1_0_224", 9.6e-06),
    "mnasnet1_3": Twin("mnasnet1_3_224", 1.2e-05),
    "mobilenet_v2": Twin("mobilenet_v2_224", 2.7e-05),
    "mobilenet_v3_large": Twin("mobilenet_v3_large_224", 1.4e-05),
    "mobilenet_v3_small": Twin("mobilenet_v3_small_224", 1.2e-05),
    "regnet_x_400mf": Twin("regnet_x_400mf_224", 1.7e-05),
    "regnet_x_800mf": Twin("regnet_x_800mf_224", 1.9e-05),
    "regnet_x_1_6gf": Twin("regnet_x_1_6gf_224", 1.6e-05),
    "regnet_x_3_2gf": Twin("regnet_x_3_2gf_224", 2.3e-05),
    "regnet_x_8gf": Twin("regnet_x_8gf_224", 4.6e-05),
    "regnet_x_16gf": Twin("regnet_x_16gf_224", 6.9e-05),
    "regnet_x_32gf": Twin("regnet_x_32gf_224", 7.0e-05),
    "regnet_y_400mf": Twin("regnet_y_400mf_224", 3.2e-05),
    "regnet_y_800mf": Twin("regnet_y_800mf_224", 1.9e-05),
    "regnet_y_1_6gf": Twin("regnet_y_1_6gf_224", 1.4e-04),
    "regnet_y_3_2gf": Twin("regnet_y_3_2gf_224", 3.7e-05),
    "regnet_y_8gf": Twin("regnet_y_8gf_224", 3.5e-05),
    "regnet_y_16gf": Twin("regnet_y_16gf_224", 3.6e-05),
    "regnet_y_32gf": Twin("regnet_y_32gf_224", 4.6e-05),
    "regnet_y_128gf": Twin("regnet_y_128gf_224", 8.4e-05),
    "resnet18": Twin("resnet18_224", 1.0e-05),
    "resnet34": Twin("resnet34_224", 1.5e-05),
    "resnet50": Twin("resnet50_224", 4.9e-05),
    "resnet101": Twin("resnet101_224", 7.3e-05),
    "resnet152": Twin("resnet152_224", 4.9e-05),
    "resnext50_32x4d": Twin("resnext50_32x4d_224", 6.7e-05),
    "resnext101_32x8d": Twin("resnext101_32x8d_224", 9.4e-05),
    "resnext101_64x4d": Twin("resnext101_64x4d_224", 7.3e-05),
    "shufflenet_v2_x0_5": Twin("shufflenet_v2_x0_5_224", 7.8e-06),
    "shufflenet_v2_x1_0": Twin("shufflenet_v2_224", 1.5e-05),
    "shufflenet_v2_x1_5": Twin("shufflenet_v2_x1_5_224", 2.2e-05),
    "shufflenet_v2_x2_0": Twin("shufflenet_v2_x2_0_224", 1.7e-05),
    "squeezenet1_0": Twin("squeezenet1_0_224", 1.9e-06),
    "squeezenet1_1": Twin("squeezenet1_1_224", 1.6e-06),
    "vgg11": Twin("vgg11_224", 3.3e-06),
    "vgg11_bn": Twin("vgg11_bn_224", 9.0e-06),
    "vgg13": Twin("vgg13_224", 3.1e-06),
    "vgg13_bn": Twin("vgg13_bn_224", 1.2e-05),
    "vgg16": Twin("vgg16_224", 3.6e-06),
    "vgg16_bn": Twin("vgg16_bn_224", 2.2e-05),
    "vgg19": Twin("vgg19_224", 4.0e-06),
    "vgg19_bn": Twin("vgg19_bn_224", 2.6e-05),
    "wide_resnet50_2": Twin("wide_resnet50_2_224", 4.6e-05),
    "wide_resnet101_2": Twin("wide_resnet101_2_224", 1.2e-04),
}
"""torchvision's name -> its twin here."""


def twin_of(model: str) -> str | None:
    """torchvision's name of our `model`, if it has the network."""
    return next((name for name, twin in TORCHVISION.items() if twin.model == model), None)
