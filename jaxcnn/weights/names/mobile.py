"""MobileNet, MnasNet, ShuffleNet and EfficientNet: networks of depthwise convolutions."""

from collections.abc import Sequence

from jaxcnn.rules import rename
from jaxcnn.weights.names.tables import Rules, product, units

STAGES = (1, 2, 2, 6, 2)
"""Blocks of MobileNetV1 in each of timm's stages; ours are in one row."""

PLACES = [f"{stage}.{block}" for stage, blocks in enumerate(STAGES) for block in range(blocks)]
MOBILENET_V1 = [
    ("stem/conv", "conv_stem"),
    ("stem/norm", "bn1"),
    *product(
        [(f"block{number}", f"blocks.{place}") for number, place in enumerate(PLACES, 1)],
        [
            ("depthwise/conv", "conv_dw"),
            ("depthwise/norm", "bn1"),
            ("pointwise/conv", "conv_pw"),
            ("pointwise/norm", "bn2"),
        ],
    ),
    ("head", "classifier"),
]
SHUFFLENET_V2 = [
    ("stem/conv", "conv1.0"),
    ("stem/norm", "conv1.1"),
    *product(
        [("stage{s}_block{b}", "stage{s+1}.{b-1}")],
        [
            ("shortcut_depthwise/conv", "branch1.0"),
            ("shortcut_depthwise/norm", "branch1.1"),
            ("shortcut_pointwise/conv", "branch1.2"),
            ("shortcut_pointwise/norm", "branch1.3"),
            ("pointwise1/conv", "branch2.0"),
            ("pointwise1/norm", "branch2.1"),
            ("depthwise/conv", "branch2.3"),
            ("depthwise/norm", "branch2.4"),
            ("pointwise2/conv", "branch2.5"),
            ("pointwise2/norm", "branch2.6"),
        ],
    ),
    ("final/conv", "conv5.0"),
    ("final/norm", "conv5.1"),
    ("head", "fc"),
]


def gated(block: str, theirs: str, parts: Sequence[str]) -> Rules:
    """Rules for an inverted residual of these parts: what is absent shifts the numbers of the others."""
    rules: Rules = []
    for index, part in enumerate(parts):
        if part == "squeeze_excite":
            names = [("reduce", "fc1"), ("expand", "fc2")]
            rules += product([(f"{block}/{part}", f"{theirs}.block.{index}")], names)
        else:
            rules += units([(f"{block}/{part}", f"{theirs}.block.{index}")], "0", "1")
    return rules


MNASNET = [
    *units([("stem", "layers")], "0", "1"),
    *units([("stage1_block1/depthwise", "layers")], "3", "4"),
    *units([("stage1_block1/project", "layers")], "6", "7"),
    *units([("stage{s}_block{b}/expand", "layers.{s+6}.{b-1}.layers")], "0", "1"),
    *units([("stage{s}_block{b}/depthwise", "layers.{s+6}.{b-1}.layers")], "3", "4"),
    *units([("stage{s}_block{b}/project", "layers.{s+6}.{b-1}.layers")], "6", "7"),
    *units([("final", "layers")], "14", "15"),
    ("head", "classifier.1"),
]


def efficientnet(modules: Sequence[str]) -> Rules:
    """Both versions: how many stages there are, and what is in a block, differ."""
    _, *blocks, _ = _features(modules)
    rules: Rules = [("head", "classifier.1")]
    for block, parts in blocks:
        rules += gated(block, rename("stage{s}_block{b}", "features.{s}.{b-1}", block), parts)
    stages = blocks[-1][0].partition("_")[0].removeprefix("stage")
    return [*rules, *units([("stem", "features.0"), ("final", f"features.{int(stages) + 1}")], "0", "1")]


def mobilenet_v2(modules: Sequence[str]) -> Rules:
    rules: Rules = [("head", "classifier.1")]
    for index, (block, parts) in enumerate(_features(modules)):
        theirs = f"features.{index}"
        if "project" not in parts:
            rules += units([(block, theirs)], "0", "1")
            continue
        *before, project = parts
        rules += units([(f"{block}/{part}", f"{theirs}.conv.{place}") for place, part in enumerate(before)], "0", "1")
        rules += units([(f"{block}/{project}", f"{theirs}.conv")], str(len(before)), str(len(before) + 1))
    return rules


def mobilenet_v3(modules: Sequence[str]) -> Rules:
    rules: Rules = [("dense1", "classifier.0"), ("head", "classifier.3")]
    for index, (block, parts) in enumerate(_features(modules)):
        theirs = f"features.{index}"
        rules += gated(block, theirs, parts) if "project" in parts else units([(block, theirs)], "0", "1")
    return rules


def _features(modules: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Stem, blocks and the last convolution, each with its parts, in the order in which they compute."""
    found: dict[str, dict[str, None]] = {}
    for module in modules:
        block, *parts = module.split("/")
        if parts:  # the others are dense
            found.setdefault(block, {})[parts[0]] = None
    return [(block, list(parts)) for block, parts in found.items()]
