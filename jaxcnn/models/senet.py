"""Squeeze-and-excitation networks: residual ones whose blocks weigh their channels before the sum.

Source: Hu et al. 2018, arXiv:1709.01507, section 4 and tables 1 and 4; 16 times fewer channels inside, in every
block. In timm, seresnet18 and seresnet34 round 64 / 16 = 4 of these up to 8 and so have a few parameters more
(11,779,624 and 21,960,416); these are the paper's. The stride of a bottleneck is on its 3x3 convolution, where the
authors' has it on the first 1x1: 4.09 and not 3.86 billion MACs for se_resnet50_224.
"""

from functools import partial

from jaxcnn.models import preact, resnet, wide_resnet

MODELS = {
    "se_resnet20": partial(resnet.MODELS["resnet20"], reduction=16),
    "se_resnet56": partial(resnet.MODELS["resnet56"], reduction=16),
    "se_resnet110": partial(resnet.MODELS["resnet110"], reduction=16),
    "se_preact_resnet110": partial(preact.MODELS["preact_resnet110"], reduction=16),
    "se_preact_resnet164": partial(preact.MODELS["preact_resnet164"], reduction=16),
    "se_wrn_16_8": partial(wide_resnet.MODELS["wrn_16_8"], reduction=16),
    "se_resnet18": partial(resnet.MODELS["resnet18"], reduction=16),
    "se_resnet50": partial(resnet.MODELS["resnet50"], reduction=16),
    "se_resnet18_224": partial(resnet.MODELS["resnet18_224"], reduction=16),
    "se_resnet34_224": partial(resnet.MODELS["resnet34_224"], reduction=16),
    "se_resnet50_224": partial(resnet.MODELS["resnet50_224"], reduction=16),
}
