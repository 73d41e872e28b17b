"""How torchvision's and timm's networks name their layers, as orders of words.

The layers of a foreign network are put in the order in which ours computes by comparing their names part by part:
numbers by value, other parts by the first of these words that they begin with, then by what follows it. So the order of
entries in a state dict does not matter; a `.safetensors` file has lost it anyway. Each layout stands for networks that
`make parity` compares with ours: a network of the same names and another epsilon must not be added.
"""

import re

from jaxcnn.models.alexnet import AlexNet
from jaxcnn.models.convnext import ConvNeXt
from jaxcnn.models.densenet import DenseNet
from jaxcnn.models.efficientnet import EfficientNet
from jaxcnn.models.googlenet import GoogLeNet
from jaxcnn.models.inception_resnet import InceptionResNet
from jaxcnn.models.inception_v3 import InceptionV3
from jaxcnn.models.inception_v4 import InceptionV4
from jaxcnn.models.mobilenet_v1 import MobileNetV1
from jaxcnn.models.mobilenet_v2 import MobileNetV2
from jaxcnn.models.mobilenet_v3 import MobileNetV3
from jaxcnn.models.nasnet import NASNet
from jaxcnn.models.repvgg import RepVGG
from jaxcnn.models.resnet import ResNet
from jaxcnn.models.shufflenet import ShuffleNetV2
from jaxcnn.models.vgg import VGG
from jaxcnn.models.xception import Xception

Key = tuple[tuple[int, list[int | str]], ...]

NASNET = """
    conv0 cell_stem_0 cell_stem_1 cell_0 cell_1 cell_2 cell_3 cell_4 cell_5 reduction_cell_0
    cell_6 cell_7 cell_8 cell_9 cell_10 cell_11 reduction_cell_1 cell_12 cell_13 cell_14 cell_15 cell_16 cell_17
    path_1 path_2 final_path_bn conv_prev_1x1 conv_1x1 comb_iter
    separable_1 bn_sep_1 separable_2 bn_sep_2 depthwise_conv2d pointwise_conv2d conv bn last_linear
"""
LAYOUTS: dict[type, tuple[str, ...]] = {
    AlexNet: ("features classifier",),
    VGG: ("features classifier",),
    ResNet: ("conv bn layer se downsample fc",),
    DenseNet: (
        "features conv0 norm0 denseblock1 transition1 denseblock2 transition2 denseblock3 transition3 denseblock4 "
        "norm5 denselayer norm conv classifier",
    ),
    GoogLeNet: ("conv inception aux branch bn fc",),
    InceptionV3: (
        "Conv2d Mixed_5 Mixed_6 AuxLogits Mixed_7 "
        "branch1x1 branch5x5 branch3x3 branch3x3dbl branch7x7 branch7x7dbl branch7x7x3 branch_pool conv bn fc",
    ),
    InceptionV4: ("features branch conv bn last_linear",),
    InceptionResNet: (
        "conv2d_1 conv2d_2 conv2d_3 conv2d_4 mixed_5 repeat mixed_6 repeat_1 mixed_7 repeat_2 block8 conv2d_7 "
        "branch conv2d conv bn classif",
    ),
    Xception: ("conv1 bn1 conv2 bn2 block skip rep conv3 bn3 conv4 bn4 pointwise fc",),
    MobileNetV1: ("conv_stem bn1 blocks conv_dw conv_pw bn2 classifier",),
    MobileNetV2: ("features conv classifier",),
    MobileNetV3: ("features block fc classifier",),
    ShuffleNetV2: ("conv1 stage branch conv5 fc",),
    EfficientNet: ("features block fc classifier",),
    NASNet: (NASNET,),
    ConvNeXt: (
        "features block layer_scale classifier",
        "stem stages downsample blocks gamma conv_dw norm mlp fc head",
    ),
    RepVGG: ("stem stages identity conv_kxk conv_1x1 conv bn head fc",),
}
AUXILIARY = ("aux", "AuxLogits")
"""What the names of the auxiliary heads begin with."""


def sort_key(name: str, words: list[str]) -> Key | None:
    """Where the layer `name` stands; None if a part of it begins with none of the words."""
    parts = [_part(part, words) for part in name.split(".")]
    return None if None in parts else tuple(part for part in parts if part is not None)


def _part(part: str, words: list[str]) -> tuple[int, list[int | str]] | None:
    if part.isdigit():
        return -1, [int(part)]
    word = max((word for word in words if part.startswith(word)), key=len, default=None)
    if word is None:
        return None
    rest = re.split(r"(\d+)", part.removeprefix(word))
    return words.index(word), [int(piece) if piece.isdigit() else piece for piece in rest]
