"""Wide residual networks: pre-activation ones with few blocks and many channels; "28-10" is 28 layers, 10x as wide.

Source: Zagoruyko and Komodakis 2016, arXiv:1605.07146, table 1 (6n + 4 layers, n blocks a stage, 16 channels times the
factor in the first) and section 2.4 (dropout between a block's convolutions: `dropout=0.3`). As in the
authors' code, a block that keeps its channels adds its raw input, in the first stage too (which only a factor of 1
keeps), and initialization is He's normal by fan-in. `wide_resnet50_2_224` and `wide_resnet101_2_224` are section 3.5's
for ImageNet: not pre-activation ones but ResNets whose bottlenecks are twice as wide inside, torchvision's.
"""

from functools import partial

from jaxcnn.models.preact import PreActResNet
from jaxcnn.models.resnet import imagenet


def wide(depth: int, factor: int) -> partial[PreActResNet]:
    """The network of so many layers, so many times as wide."""
    blocks = (depth - 4) // 6
    return partial(
        PreActResNet,
        blocks=(blocks, blocks, blocks),
        widths=(16 * factor, 32 * factor, 64 * factor),
        activate_first=False,
        kernel_init="he_normal",
    )


bottleneck = partial(imagenet, block="bottleneck", group_width=128, large_stem=True)
MODELS = {
    "wrn_16_4": wide(16, 4),
    "wrn_16_8": wide(16, 8),
    "wrn_22_8": wide(22, 8),
    "wrn_28_2": wide(28, 2),
    "wrn_28_10": wide(28, 10),
    "wrn_28_12": wide(28, 12),
    "wrn_40_1": wide(40, 1),
    "wrn_40_2": wide(40, 2),
    "wrn_40_4": wide(40, 4),
    "wrn_40_10": wide(40, 10),
    "wide_resnet50_2_224": partial(bottleneck, blocks=(3, 4, 6, 3)),
    "wide_resnet101_2_224": partial(bottleneck, blocks=(3, 4, 23, 3)),
}
