"""The Inception networks and Xception."""

from jaxcnn.weights.names.tables import product, units

GOOGLENET = [
    *units(
        [
            ("stem/conv{n}", "conv{n}"),
            *product(
                [("inception_*", "inception*")],
                [
                    ("branch1x1", "branch1"),
                    ("branch3x3_reduce", "branch2.0"),
                    ("branch3x3", "branch2.1"),
                    ("branch5x5_reduce", "branch3.0"),
                    ("branch5x5", "branch3.1"),
                    ("branch_pool", "branch4.1"),
                ],
            ),
            ("auxiliary{n}/conv1", "aux{n}.conv"),
        ]
    ),
    ("auxiliary{n}/dense1", "aux{n}.fc1"),
    ("auxiliary{n}/head", "aux{n}.fc2"),
    ("head", "fc"),
]
INCEPTION_V3 = [
    *units(
        [
            ("stem/conv1", "Conv2d_1a_3x3"),
            ("stem/conv2", "Conv2d_2a_3x3"),
            ("stem/conv3", "Conv2d_2b_3x3"),
            ("stem/conv4", "Conv2d_3b_1x1"),
            ("stem/conv5", "Conv2d_4a_3x3"),
            ("mixed_*", "Mixed_*"),  # our branches have torchvision's names
            ("auxiliary1/conv{n}", "AuxLogits.conv{n-1}"),
        ]
    ),
    ("auxiliary1/head", "AuxLogits.fc"),
    ("head", "fc"),
]
REDUCTION_A = [("branch3x3", "branch0"), ("branch3x3dbl_{n}", "branch1.{n-1}")]
INCEPTION_V4 = [
    *units(
        [
            ("stem/conv{n}", "features.{n-1}"),
            ("stem/conv4b", "features.3.conv"),
            ("stem/conv5a_{n}", "features.4.branch0.{n-1}"),
            ("stem/conv5b_{n}", "features.4.branch1.{n-1}"),
            ("stem/conv6a", "features.5.conv"),
            *product(
                [("inception_a{b}", "features.{b+5}"), ("inception_b{b}", "features.{b+10}")],
                [
                    ("branch1x1", "branch0"),
                    ("branch{k}x{l}_{n}", "branch1.{n-1}"),
                    ("branch{k}x{l}dbl_{n}", "branch2.{n-1}"),
                    ("branch_pool", "branch3.1"),
                ],
            ),
            *product(
                [("inception_c{b}", "features.{b+18}")],
                [
                    ("branch1x1", "branch0"),
                    ("branch3x3_{n}", "branch1_{n-1}"),
                    ("branch3x3_{n}a", "branch1_{n-1}a"),
                    ("branch3x3_{n}b", "branch1_{n-1}b"),
                    ("branch3x3dbl_{n}", "branch2_{n-1}"),
                    ("branch3x3dbl_{n}a", "branch2_{n-1}a"),
                    ("branch3x3dbl_{n}b", "branch2_{n-1}b"),
                    ("branch_pool", "branch3.1"),
                ],
            ),
            *product([("reduction_a", "features.10")], REDUCTION_A),
            ("reduction_b/branch3x3_{n}", "features.18.branch0.{n-1}"),
            ("reduction_b/branch7x7x3_{n}", "features.18.branch1.{n-1}"),
        ]
    ),
    ("head", "last_linear"),
]
RESIDUALS = [
    ("inception_a{b}", "repeat.{b-1}"),
    ("inception_b{b}", "repeat_1.{b-1}"),
    ("inception_c10", "block8"),
    ("inception_c{b}", "repeat_2.{b-1}"),
]
INCEPTION_RESNET = [
    *units(
        [
            ("stem/conv1", "conv2d_1a"),
            ("stem/conv2", "conv2d_2a"),
            ("stem/conv3", "conv2d_2b"),
            ("stem/conv4", "conv2d_3b"),
            ("stem/conv5", "conv2d_4a"),
            ("mixed_5b/branch1x1", "mixed_5b.branch0"),
            ("mixed_5b/branch5x5_{n}", "mixed_5b.branch1.{n-1}"),
            ("mixed_5b/branch3x3dbl_{n}", "mixed_5b.branch2.{n-1}"),
            ("mixed_5b/branch_pool", "mixed_5b.branch3.1"),
            *product(
                RESIDUALS,
                [
                    ("branch1x1", "branch0"),
                    ("branch3x3_{n}", "branch1.{n-1}"),
                    ("branch7x7_{n}", "branch1.{n-1}"),
                    ("branch3x3dbl_{n}", "branch2.{n-1}"),
                ],
            ),
            *product([("reduction_a", "mixed_6a")], REDUCTION_A),
            ("reduction_b/branch3x3_{n}", "mixed_7a.branch0.{n-1}"),
            ("reduction_b/branch3x3wide_{n}", "mixed_7a.branch1.{n-1}"),
            ("reduction_b/branch3x3dbl_{n}", "mixed_7a.branch2.{n-1}"),
            ("final", "conv2d_7b"),
        ]
    ),
    *product(RESIDUALS, [("expand", "conv2d")]),
    ("head", "classif"),
]
SEPARABLE = [("depthwise", "conv1"), ("pointwise", "pointwise")]
XCEPTION_BLOCKS = [
    ("entry_block{b}", "block{b}"),
    ("middle_block{b}", "block{b+3}"),
    ("exit_block{b}", "block{b+11}"),
]
XCEPTION = [
    ("stem/conv{n}/conv", "conv{n}"),
    ("stem/conv{n}/norm", "bn{n}"),
    # The first block does not begin with a ReLU, which shifts the numbers.
    *product([("entry_block1/separable{n}", "block1.rep.{3*n-3}")], SEPARABLE),
    ("entry_block1/norm{n}", "block1.rep.{3*n-2}"),
    *product(product(XCEPTION_BLOCKS, [("separable{n}", "rep.{3*n-2}")]), SEPARABLE),
    *product(XCEPTION_BLOCKS, [("norm{n}", "rep.{3*n-1}"), ("shortcut/conv", "skip"), ("shortcut/norm", "skipbn")]),
    *product([("final_separable{n}", "conv{n+2}")], SEPARABLE),
    ("final_norm{n}", "bn{n+2}"),
    ("head", "fc"),
]
