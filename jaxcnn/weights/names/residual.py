"""ResNet and what followed from it: DenseNet, RegNet, RepVGG, ConvNeXt."""

from jaxcnn.weights.names.tables import Rules, product, units

PARTS = ((0, "conv"), (1, "norm"))


def _resnet(shortcut: str, head: str) -> Rules:
    return [
        ("stem/conv", "conv1"),
        ("stem/norm", "bn1"),
        *product(
            [("stage{s}_block{b}", "layer{s}.{b-1}")],
            [
                ("conv{n}", "conv{n}"),
                ("norm{n}", "bn{n}"),
                ("squeeze_excite/reduce", "se.fc1"),  # the gate is timm's, which calls all else as torchvision does
                ("squeeze_excite/expand", "se.fc2"),
                ("shortcut/conv", f"{shortcut}.0"),
                ("shortcut/norm", f"{shortcut}.1"),
            ],
        ),
        ("head", head),
    ]


RESNET = _resnet("downsample", "fc")
RESNET_KUANGLIU = _resnet("shortcut", "linear")
"""Also akamaster's."""
DENSENET = [
    ("stem/conv", "features.conv0"),
    ("stem/norm", "features.norm0"),
    ("stage{s}_layer{n}/*", "features.denseblock{s}.denselayer{n}.*"),
    ("transition*", "features.transition*"),
    ("final_norm", "features.norm5"),
    ("head", "classifier"),
]
REGNET = [
    *units([("stem", "stem")], "0", "1"),
    *product(
        [("stage{s}_block{b}", "trunk_output.block{s}.block{s}-{b-1}")],
        [
            *((f"{part}{n}", f"f.{place}.{index}") for n, place in enumerate("abc", 1) for index, part in PARTS),
            ("squeeze_excite/reduce", "f.se.fc1"),
            ("squeeze_excite/expand", "f.se.fc2"),
            *((f"shortcut/{part}", f"proj.{index}") for index, part in PARTS),
        ],
    ),
    ("head", "fc"),
]
REPVGG = [
    *units(
        product(
            [("stem", "stem"), ("stage{s}_block{b}", "stages.{s-1}.{b-1}")],
            [("conv3x3", "conv_kxk"), ("conv1x1", "conv_1x1")],
        )
    ),
    ("stage{s}_block{b}/identity", "stages.{s-1}.{b-1}.identity"),
    ("head", "head.fc"),
]
CONVNEXT_TORCHVISION = [
    ("stem/conv", "features.0.0"),
    ("stem/norm", "features.0.1"),
    *product(
        [("stage{s}_block{b}", "features.{2*s-1}.{b-1}")],
        [
            ("depthwise", "block.0"),
            ("norm", "block.2"),
            ("expand", "block.3"),
            ("project", "block.5"),
            ("layer_scale", "layer_scale"),
        ],
    ),
    ("transition{s}/norm", "features.{2*s}.0"),
    ("transition{s}/conv", "features.{2*s}.1"),
    ("final_norm", "classifier.0"),
    ("head", "classifier.2"),
]
CONVNEXT_TIMM = [
    ("stem/conv", "stem.0"),
    ("stem/norm", "stem.1"),
    *product(
        [("stage{s}_block{b}", "stages.{s-1}.blocks.{b-1}")],
        [
            ("depthwise", "conv_dw"),
            ("norm", "norm"),
            ("expand", "mlp.fc1"),
            ("project", "mlp.fc2"),
            ("layer_scale", "gamma"),
        ],
    ),
    ("transition{s}/norm", "stages.{s}.downsample.0"),
    ("transition{s}/conv", "stages.{s}.downsample.1"),
    ("final_norm", "head.norm"),
    ("head", "head.fc"),
]
