"""The names that torchvision, timm, and kuangliu's and akamaster's networks for CIFAR-10 give to our entries.

`theirs` maps each of our leaves to its entry there, by a table per family and library; import follows it. A table is
for networks that `make parity` compares with ours: one with the same names and a different epsilon must not be added.
"""

from collections.abc import Iterable, Mapping

from flax import linen as nn

from jaxcnn.errors import UserError, did_you_mean, lookup
from jaxcnn.models.alexnet import AlexNet
from jaxcnn.models.convnext import ConvNeXt
from jaxcnn.models.densenet import DenseNet
from jaxcnn.models.efficientnet import EfficientNet
from jaxcnn.models.efficientnet_v2 import EfficientNetV2
from jaxcnn.models.googlenet import GoogLeNet
from jaxcnn.models.inception_resnet import InceptionResNet
from jaxcnn.models.inception_v3 import InceptionV3
from jaxcnn.models.inception_v4 import InceptionV4
from jaxcnn.models.mnasnet import MnasNet
from jaxcnn.models.mobilenet_v1 import MobileNetV1
from jaxcnn.models.mobilenet_v2 import MobileNetV2
from jaxcnn.models.mobilenet_v3 import MobileNetV3
from jaxcnn.models.nasnet import NASNet
from jaxcnn.models.regnet import RegNet
from jaxcnn.models.repvgg import RepVGG
from jaxcnn.models.resnet import ResNet
from jaxcnn.models.shufflenet import ShuffleNetV2
from jaxcnn.models.squeezenet import SqueezeNet
from jaxcnn.models.vgg import VGG
from jaxcnn.models.xception import Xception
from jaxcnn.weights.leaves import shapes
from jaxcnn.weights.names import inception, mobile, plain, residual
from jaxcnn.weights.names.nasnet import nasnet
from jaxcnn.weights.names.tables import Table, renamed

TABLES: dict[type[nn.Module], dict[str, Table]] = {
    AlexNet: {"torchvision": plain.ALEXNET},
    VGG: {"torchvision": plain.vgg},
    SqueezeNet: {"torchvision": plain.squeezenet},
    ResNet: {
        "torchvision": residual.RESNET,
        "timm": residual.RESNET,
        "kuangliu": residual.RESNET_KUANGLIU,
    },
    RegNet: {"torchvision": residual.REGNET},
    DenseNet: {"torchvision": residual.DENSENET},
    GoogLeNet: {"torchvision": inception.GOOGLENET},
    InceptionV3: {"torchvision": inception.INCEPTION_V3},
    InceptionV4: {"timm": inception.INCEPTION_V4},
    InceptionResNet: {"timm": inception.INCEPTION_RESNET},
    Xception: {"timm": inception.XCEPTION},
    MobileNetV1: {"timm": mobile.MOBILENET_V1},
    MobileNetV2: {"torchvision": mobile.mobilenet_v2},
    MobileNetV3: {"torchvision": mobile.mobilenet_v3},
    ShuffleNetV2: {"torchvision": mobile.SHUFFLENET_V2},
    MnasNet: {"torchvision": mobile.MNASNET},
    EfficientNet: {"torchvision": mobile.efficientnet},
    EfficientNetV2: {"torchvision": mobile.efficientnet},
    NASNet: {"timm": nasnet},
    ConvNeXt: {"torchvision": residual.CONVNEXT_TORCHVISION, "timm": residual.CONVNEXT_TIMM},
    RepVGG: {"timm": residual.REPVGG},
}
AUXILIARY = ("aux", "AuxLogits")
"""Prefixes of the names of auxiliary heads."""
ENTRIES = {"kernel": "weight", "scale": "weight", "bias": "bias", "mean": "running_mean", "var": "running_var"}
"""Flax's name of a layer's leaf -> PyTorch's. Other leaves are renamed with their layer."""


def theirs(model: nn.Module, image_shape: tuple[int, ...], library: str | None = None) -> dict[str, str]:
    """`params/stem/conv/kernel` -> `conv1.weight`, for every leaf of `model` on images [height, width, channels].

    `library` is "torchvision" or "timm"; by default the first one that has the network.

    Raises: UserError if the library has no such network.
    """
    tables = tables_of(model)
    library = library or next(iter(tables))
    table = lookup(tables, library, f"library for {type(model).__name__}")
    return entries(table, shapes(model, image_shape), library)


def tables_of(model: nn.Module) -> Mapping[str, Table]:
    """Library -> table of the model's family."""
    if type(model) in TABLES:
        return TABLES[type(model)]
    known = ", ".join(sorted(family.__name__ for family in TABLES))
    raise UserError(f"{type(model).__name__} has no counterpart in torchvision or timm; they have: {known}")


def require_same_network(model: nn.Module, library: str) -> None:
    """Raises: UserError where the names and shapes of two networks are the same, and what they compute is not."""
    if isinstance(model, ResNet) and library == "kuangliu" and model.option == "A":
        raise UserError(
            "networks with these names and shortcuts without parameters (akamaster's) pad the channels with zeros on "
            "both sides, and this model behind them: build it with option=A_both, as in resnet20:option=A_both"
        )


def entries(table: Table, leaves: Iterable[str], library: str) -> dict[str, str]:
    """Each leaf of ours, `params/stem/conv/kernel`, with the name of its entry by the `table` of `library`.

    Raises: UserError for a layer that the table does not cover.
    """
    parts = {leaf: _split(leaf.partition("/")[2]) for leaf in leaves}
    layers = list(dict.fromkeys(layer for layer, _ in parts.values()))
    rules = table(layers) if callable(table) else table
    names = {layer: renamed(rules, layer) for layer in layers}
    for layer, name in names.items():
        if name is None:
            nearest = did_you_mean(layer, [pattern for pattern, _ in rules])
            raise UserError(f"{library}'s network has nothing like {layer} of this model; {nearest}")
    return {leaf: f"{names[layer]}{entry}" for leaf, (layer, entry) in parts.items()}


def _split(path: str) -> tuple[str, str]:
    """The part of a path that a table renames, and PyTorch's name of the leaf in it."""
    layer, _, leaf = path.rpartition("/")
    return (layer, f".{ENTRIES[leaf]}") if leaf in ENTRIES else (path, "")
