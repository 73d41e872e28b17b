"""Where each model comes from, and what was published of it on CIFAR-10: facts for tables, as data.

Accuracies are those of the very architecture, trained from scratch on CIFAR-10 with the usual augmentation, without
extra data; None where none was found. Those marked `best epoch` were chosen on the test set by their authors.
"""

from fnmatch import fnmatchcase
from typing import NamedTuple


class Paper(NamedTuple):
    """Who, when, and where: an arXiv number or a place."""

    authors: str
    where: str

    def __str__(self) -> str:
        return f"{self.authors}, {self.where}"


class Accuracy(NamedTuple):
    """Top-1 accuracy on CIFAR-10's test set in percent, and who measured it."""

    percent: float
    source: str


LECUN = Paper("LeCun et al. 1998", "Proc. IEEE 86(11)")
CUDA_CONVNET = Paper("Krizhevsky 2011", "cuda-convnet")
HE = Paper("He et al. 2015", "arXiv:1512.03385")
WIDE = Paper("Zagoruyko and Komodakis 2016", "arXiv:1605.07146")
INCEPTION_4 = Paper("Szegedy et al. 2016", "arXiv:1602.07261")

PAPERS: tuple[tuple[str, Paper], ...] = (
    ("neuron", Paper("Rosenblatt 1958", "Psychological Review 65(6)")),
    ("softmax", Paper("Bridle 1990", "NATO ASI Neurocomputing")),
    ("mlp", Paper("Rumelhart et al. 1986", "Nature 323")),
    ("lenet5*", LECUN),
    ("cudaconvnet_*", CUDA_CONVNET),
    ("alexnet_2012", Paper("Krizhevsky et al. 2012", "NIPS 25")),
    ("alexnet*", Paper("Krizhevsky 2014", "arXiv:1404.5997")),
    ("vgg*_bn*", Paper("Simonyan and Zisserman 2014", "arXiv:1409.1556, with arXiv:1502.03167")),
    ("vgg*", Paper("Simonyan and Zisserman 2014", "arXiv:1409.1556")),
    ("resnet9", Paper("Page 2018", "davidcpage/cifar10-fast")),
    ("se_*", Paper("Hu et al. 2017", "arXiv:1709.01507")),
    ("preact_*", Paper("He et al. 2016", "arXiv:1603.05027")),
    ("wide_resnet*", WIDE),
    ("wrn_*", WIDE),
    ("resnext*", Paper("Xie et al. 2016", "arXiv:1611.05431")),
    ("resnet*", HE),
    ("plain*", HE),
    ("densenet*", Paper("Huang et al. 2016", "arXiv:1608.06993")),
    ("googlenet*", Paper("Szegedy et al. 2014", "arXiv:1409.4842")),
    ("bn_inception*", Paper("Ioffe and Szegedy 2015", "arXiv:1502.03167")),
    ("inception_v3*", Paper("Szegedy et al. 2015", "arXiv:1512.00567")),
    ("inception_v4*", INCEPTION_4),
    ("inception_resnet*", INCEPTION_4),
    ("xception*", Paper("Chollet 2016", "arXiv:1610.02357")),
    ("squeezenet*", Paper("Iandola et al. 2016", "arXiv:1602.07360")),
    ("mobilenet_v1*", Paper("Howard et al. 2017", "arXiv:1704.04861")),
    ("mobilenet_v2*", Paper("Sandler et al. 2018", "arXiv:1801.04381")),
    ("mobilenet_v3*", Paper("Howard et al. 2019", "arXiv:1905.02244")),
    ("shufflenet_v2*", Paper("Ma et al. 2018", "arXiv:1807.11164")),
    ("mnasnet*", Paper("Tan et al. 2018", "arXiv:1807.11626")),
    ("efficientnet_v2*", Paper("Tan and Le 2021", "arXiv:2104.00298")),
    ("efficientnet*", Paper("Tan and Le 2019", "arXiv:1905.11946")),
    ("nasnet*", Paper("Zoph et al. 2017", "arXiv:1707.07012")),
    ("regnet*", Paper("Radosavovic et al. 2020", "arXiv:2003.13678")),
    ("convnext*", Paper("Liu et al. 2022", "arXiv:2201.03545")),
    ("repvgg*", Paper("Ding et al. 2021", "arXiv:2101.03697")),
    ("airbench*", Paper("Jordan 2024", "arXiv:2404.00498")),
    ("dncnn*", Paper("Zhang et al. 2017", "arXiv:1608.03981")),
    ("espcn", Paper("Shi et al. 2016", "arXiv:1609.05158")),
    ("edsr*", Paper("Lim et al. 2017", "arXiv:1707.02921")),
    ("unet*", Paper("Ronneberger et al. 2015", "arXiv:1505.04597")),
    ("autoencoder", Paper("Masci et al. 2011", "ICANN, LNCS 6791")),
)
"""(pattern over the name, paper); the first that matches. Models without one are this project's own."""

_CHENYAOFO = "chenyaofo/pytorch-cifar-models, best epoch"
_HUYVNPHAN = "huyvnphan/PyTorch_CIFAR10, best epoch"
_KUANGLIU = "kuangliu/pytorch-cifar, best epoch"
_HE = "He et al. 2015, table 6"
_WRN = "szagoruyko/wide-residual-networks"
_SENET = "Hu et al. 2017, table 4"
_DENSENET = "liuzhuang13/DenseNet"
_AIRBENCH = "KellerJordan/cifar10-airbench"
ACCURACIES: dict[str, Accuracy] = {
    "cudaconvnet_quick": Accuracy(74.00, "cuda-convnet, without augmentation"),
    "cudaconvnet_18pct": Accuracy(82.00, "cuda-convnet, without augmentation"),
    "cudaconvnet_13pct": Accuracy(87.00, "cuda-convnet"),
    "cudaconvnet_11pct": Accuracy(89.00, "cuda-convnet, 10 views"),
    "alexnet": Accuracy(77.22, "bearpaw/pytorch-classification"),
    "vgg16_bn": Accuracy(92.64, _KUANGLIU),
    "vgg19_bn": Accuracy(93.34, "bearpaw/pytorch-classification"),
    "resnet20": Accuracy(91.25, _HE),
    "resnet32": Accuracy(92.49, _HE),
    "resnet44": Accuracy(92.83, _HE),
    "resnet56": Accuracy(93.03, _HE),
    "resnet110": Accuracy(93.57, f"{_HE}, best of 5"),
    "resnet1202": Accuracy(92.07, _HE),
    "resnet18": Accuracy(95.67, f"{_KUANGLIU} (issue 149)"),
    "resnet50": Accuracy(95.37, f"{_KUANGLIU} (issue 45)"),
    "resnet101": Accuracy(93.75, _KUANGLIU),
    "preact_resnet18": Accuracy(95.11, _KUANGLIU),
    "preact_resnet110": Accuracy(93.63, _SENET),
    "preact_resnet164": Accuracy(94.54, "He et al. 2016, median of 5"),
    "preact_resnet1001": Accuracy(95.38, "KaimingHe/resnet-1k-layers, batches of 64"),
    "wrn_16_4": Accuracy(94.98, _WRN),
    "wrn_16_8": Accuracy(95.73, _WRN),
    "wrn_22_8": Accuracy(95.62, f"{_WRN}, ZCA"),
    "wrn_28_10": Accuracy(96.00, f"{_WRN}, median of 5"),
    "wrn_28_12": Accuracy(95.67, f"{_WRN}, ZCA"),
    "wrn_40_1": Accuracy(93.15, f"{_WRN}, ZCA"),
    "wrn_40_2": Accuracy(94.67, f"{_WRN}, ZCA"),
    "wrn_40_4": Accuracy(95.47, _WRN),
    "wrn_40_10": Accuracy(96.20, f"{_WRN}, dropout, one run"),
    "resnext29_8x64d": Accuracy(96.35, "facebookresearch/ResNeXt, mean of 10"),
    "resnext29_16x64d": Accuracy(96.42, "facebookresearch/ResNeXt, mean of 10"),
    "se_preact_resnet110": Accuracy(94.79, _SENET),
    "se_preact_resnet164": Accuracy(95.61, _SENET),
    "se_wrn_16_8": Accuracy(96.12, _SENET),
    "densenet_40_12": Accuracy(94.76, _DENSENET),
    "densenet_100_12": Accuracy(95.90, _DENSENET),
    "densenet_100_24": Accuracy(96.26, _DENSENET),
    "densenet_bc_40_48": Accuracy(96.01, _DENSENET),
    "densenet_bc_100_12": Accuracy(95.49, _DENSENET),
    "densenet_bc_190_40": Accuracy(96.54, _DENSENET),
    "densenet_bc_250_24": Accuracy(96.38, _DENSENET),
    "googlenet_3x3": Accuracy(92.85, _HUYVNPHAN),
    "inception_v3": Accuracy(93.74, _HUYVNPHAN),
    "mobilenet_v2": Accuracy(93.79, _CHENYAOFO),
    "shufflenet_v2": Accuracy(92.98, _CHENYAOFO),
    "nasnet_a": Accuracy(96.59, "Zoph et al. 2017, table 1, mean of 5; 97.35 with cutout"),
    "repvgg_a0": Accuracy(94.39, _CHENYAOFO),
    "repvgg_a1": Accuracy(94.89, _CHENYAOFO),
    "repvgg_a2": Accuracy(94.98, _CHENYAOFO),
    "resnet9": Accuracy(94.08, "davidcpage/cifar10-fast, median of 50"),
    "airbench94": Accuracy(94.01, f"{_AIRBENCH}, mean of 1000"),
    "airbench95": Accuracy(95.01, _AIRBENCH),
    "airbench96": Accuracy(96.03, f"{_AIRBENCH}, mean of 200"),
}


def paper(name: str) -> Paper | None:
    """The paper of a model of the catalog; None of this project's own."""
    return next((each for pattern, each in PAPERS if fnmatchcase(name, pattern)), None)
