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
    "alexnet": Twin("alexnet_224"),
    "convnext_tiny": Twin("convnext_tiny_224"),
    "convnext_small": Twin("convnext_small_224"),
    "convnext_base": Twin("convnext_base_224"),
    "convnext_large": Twin("convnext_large_224"),
    "densenet121": Twin("densenet121_224"),
    "densenet161": Twin("densenet161_224"),
    "densenet169": Twin("densenet169_224"),
    "densenet201": Twin("densenet201_224"),
    "efficientnet_b0": Twin("efficientnet_b0_224"),
    "efficientnet_b1": Twin("efficientnet_b1_240"),
    "efficientnet_b2": Twin("efficientnet_b2_288"),
    "efficientnet_b3": Twin("efficientnet_b3_300"),
    "efficientnet_b4": Twin("efficientnet_b4_380"),
    "efficientnet_b5": Twin("efficientnet_b5_456"),
    "efficientnet_b6": Twin("efficientnet_b6_528"),
    "efficientnet_b7": Twin("efficientnet_b7_600"),
    "efficientnet_v2_s": Twin("efficientnet_v2_s_384"),
    "efficientnet_v2_m": Twin("efficientnet_v2_m_480"),
    "efficientnet_v2_l": Twin("efficientnet_v2_l_480"),
    "googlenet": Twin("googlenet_224"),
    "inception_v3": Twin("inception_v3_299"),
    "mnasnet0_5": Twin("mnasnet0_5_224"),
    "mnasnet0_75": Twin("mnasnet0_75_224"),
    "mnasnet1_0": Twin("mnasnet1_0_224"),
    "mnasnet1_3": Twin("mnasnet1_3_224"),
    "mobilenet_v2": Twin("mobilenet_v2_224"),
    "mobilenet_v3_large": Twin("mobilenet_v3_large_224"),
    "mobilenet_v3_small": Twin("mobilenet_v3_small_224"),
    "regnet_x_400mf": Twin("regnet_x_400mf_224"),
    "regnet_x_800mf": Twin("regnet_x_800mf_224"),
    "regnet_x_1_6gf": Twin("regnet_x_1_6gf_224"),
    "regnet_x_3_2gf": Twin("regnet_x_3_2gf_224"),
    "regnet_x_8gf": Twin("regnet_x_8gf_224"),
    "regnet_x_16gf": Twin("regnet_x_16gf_224"),
    "regnet_x_32gf": Twin("regnet_x_32gf_224"),
    "regnet_y_400mf": Twin("regnet_y_400mf_224"),
    "regnet_y_800mf": Twin("regnet_y_800mf_224"),
    "regnet_y_1_6gf": Twin("regnet_y_1_6gf_224"),
    "regnet_y_3_2gf": Twin("regnet_y_3_2gf_224"),
    "regnet_y_8gf": Twin("regnet_y_8gf_224"),
    "regnet_y_16gf": Twin("regnet_y_16gf_224"),
    "regnet_y_32gf": Twin("regnet_y_32gf_224"),
    "regnet_y_128gf": Twin("regnet_y_128gf_224"),
    "resnet18": Twin("resnet18_224"),
    "resnet34": Twin("resnet34_224"),
    "resnet50": Twin("resnet50_224"),
    "resnet101": Twin("resnet101_224"),
    "resnet152": Twin("resnet152_224"),
    "resnext50_32x4d": Twin("resnext50_32x4d_224"),
    "resnext101_32x8d": Twin("resnext101_32x8d_224"),
    "resnext101_64x4d": Twin("resnext101_64x4d_224"),
    "shufflenet_v2_x0_5": Twin("shufflenet_v2_x0_5_224"),
    "shufflenet_v2_x1_0": Twin("shufflenet_v2_224"),
    "shufflenet_v2_x1_5": Twin("shufflenet_v2_x1_5_224"),
    "shufflenet_v2_x2_0": Twin("shufflenet_v2_x2_0_224"),
    "squeezenet1_0": Twin("squeezenet1_0_224"),
    "squeezenet1_1": Twin("squeezenet1_1_224"),
    "vgg11": Twin("vgg11_224"),
    "vgg11_bn": Twin("vgg11_bn_224"),
    "vgg13": Twin("vgg13_224"),
    "vgg13_bn": Twin("vgg13_bn_224"),
    "vgg16": Twin("vgg16_224"),
    "vgg16_bn": Twin("vgg16_bn_224"),
    "vgg19": Twin("vgg19_224"),
    "vgg19_bn": Twin("vgg19_bn_224"),
    "wide_resnet50_2": Twin("wide_resnet50_2_224"),
    "wide_resnet101_2": Twin("wide_resnet101_2_224"),
}
"""torchvision's name -> its twin here."""


def twin_of(model: str) -> str | None:
    """torchvision's name of our `model`, if it has the network."""
    return next((name for name, twin in TORCHVISION.items() if twin.model == model), None)
