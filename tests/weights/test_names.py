"""The names of torchvision's and timm's entries. `make parity` compares all of them; these are a few as published."""

import pytest

from jaxcnn import MODELS, UserError
from jaxcnn.weights.names import TABLES, theirs

NAMES = {
    ("alexnet_224", "torchvision"): {"conv5/bias": "features.10.bias", "dense1/kernel": "classifier.1.weight"},
    ("vgg16_bn_224", "torchvision"): {
        "stage1_norm2/mean": "features.4.running_mean",
        "stage5_conv3/kernel": "features.40.weight",
        "dense2/bias": "classifier.3.bias",
        "head/kernel": "classifier.6.weight",
    },
    ("vgg11_224", "torchvision"): {"stage2_conv1/bias": "features.3.bias", "stage5_conv2/kernel": "features.18.weight"},
    ("resnet18_224", "torchvision"): {
        "stem/norm/var": "bn1.running_var",
        "stage2_block1/shortcut/norm/scale": "layer2.0.downsample.1.weight",
        "stage4_block2/conv2/kernel": "layer4.1.conv2.weight",
    },
    ("resnet18", "kuangliu"): {
        "stem/conv/kernel": "conv1.weight",
        "stage2_block1/shortcut/conv/kernel": "layer2.0.shortcut.0.weight",
        "stage2_block1/shortcut/norm/var": "layer2.0.shortcut.1.running_var",
        "head/bias": "linear.bias",
    },
    ("resnet20", "kuangliu"): {  # akamaster's
        "stage3_block3/norm2/mean": "layer3.2.bn2.running_mean",
        "head/kernel": "linear.weight",
    },
    ("se_resnet50_224", "timm"): {"stage3_block6/squeeze_excite/expand/bias": "layer3.5.se.fc2.bias"},
    ("densenet121_224", "torchvision"): {
        "stage3_layer24/norm2/bias": "features.denseblock3.denselayer24.norm2.bias",
        "transition1/conv/kernel": "features.transition1.conv.weight",
        "final_norm/mean": "features.norm5.running_mean",
    },
    ("googlenet_224", "torchvision"): {
        "stem/conv3/norm/bias": "conv3.bn.bias",
        "inception_5b/branch5x5/conv/kernel": "inception5b.branch3.1.conv.weight",
        "auxiliary2/dense1/bias": "aux2.fc1.bias",
    },
    ("inception_v3_299", "torchvision"): {
        "stem/conv4/conv/kernel": "Conv2d_3b_1x1.conv.weight",
        "mixed_7c/branch3x3dbl_3a/norm/var": "Mixed_7c.branch3x3dbl_3a.bn.running_var",
        "auxiliary1/conv2/conv/kernel": "AuxLogits.conv1.conv.weight",
    },
    ("inception_v4_299", "timm"): {
        "stem/conv4b/conv/kernel": "features.3.conv.conv.weight",
        "inception_b7/branch7x7dbl_5/conv/kernel": "features.17.branch2.4.conv.weight",
        "inception_c3/branch3x3dbl_4b/norm/scale": "features.21.branch2_3b.bn.weight",
    },
    ("inception_resnet_v2_299", "timm"): {
        "inception_a1/expand/bias": "repeat.0.conv2d.bias",
        "inception_b20/branch7x7_3/norm/mean": "repeat_1.19.branch1.2.bn.running_mean",
        "inception_c9/branch1x1/conv/kernel": "repeat_2.8.branch0.conv.weight",
        "inception_c10/expand/kernel": "block8.conv2d.weight",
    },
    ("xception_299", "timm"): {
        "entry_block1/separable2/pointwise/kernel": "block1.rep.3.pointwise.weight",
        "middle_block8/norm3/scale": "block11.rep.8.weight",
        "exit_block1/shortcut/norm/bias": "block12.skipbn.bias",
        "final_separable2/depthwise/kernel": "conv4.conv1.weight",
    },
    ("mobilenet_v1_224", "timm"): {
        "block11/pointwise/conv/kernel": "blocks.3.5.conv_pw.weight",
        "block13/depthwise/norm/var": "blocks.4.1.bn1.running_var",
    },
    ("mobilenet_v2_224", "torchvision"): {
        "stage1_block1/project/norm/bias": "features.1.conv.2.bias",
        "stage7_block1/project/conv/kernel": "features.17.conv.2.weight",
        "final/conv/kernel": "features.18.0.weight",
    },
    ("mobilenet_v3_small_224", "torchvision"): {
        "block1/squeeze_excite/reduce/kernel": "features.1.block.1.fc1.weight",
        "block2/project/norm/mean": "features.2.block.2.1.running_mean",
        "final/norm/scale": "features.12.1.weight",
        "head/bias": "classifier.3.bias",
    },
    ("shufflenet_v2_224", "torchvision"): {
        "stage1_block1/shortcut_pointwise/norm/bias": "stage2.0.branch1.3.bias",
        "stage3_block4/pointwise2/conv/kernel": "stage4.3.branch2.5.weight",
    },
    ("efficientnet_b0_224", "torchvision"): {
        "stage1_block1/project/conv/kernel": "features.1.0.block.2.0.weight",
        "stage6_block4/squeeze_excite/expand/bias": "features.6.3.block.2.fc2.bias",
        "final/norm/var": "features.8.1.running_var",
    },
    ("squeezenet1_0_224", "torchvision"): {
        "stage1_block1/squeeze/kernel": "features.3.squeeze.weight",
        "stage2_block4/expand3x3/bias": "features.10.expand3x3.bias",
        "stage3_block1/expand1x1/kernel": "features.12.expand1x1.weight",
        "head/bias": "classifier.1.bias",
    },
    ("squeezenet1_1_224", "torchvision"): {"stage3_block1/squeeze/kernel": "features.9.squeeze.weight"},
    ("mnasnet1_0_224", "torchvision"): {
        "stage1_block1/project/norm/scale": "layers.7.weight",
        "stage2_block1/expand/conv/kernel": "layers.8.0.layers.0.weight",
        "stage6_block4/depthwise/norm/var": "layers.12.3.layers.4.running_var",
        "final/norm/bias": "layers.15.bias",
    },
    ("regnet_y_400mf_224", "torchvision"): {
        "stem/norm/mean": "stem.1.running_mean",
        "stage3_block1/shortcut/conv/kernel": "trunk_output.block3.block3-0.proj.0.weight",
        "stage4_block6/conv2/kernel": "trunk_output.block4.block4-5.f.b.0.weight",
        "stage4_block6/norm3/scale": "trunk_output.block4.block4-5.f.c.1.weight",
        "stage4_block6/squeeze_excite/expand/bias": "trunk_output.block4.block4-5.f.se.fc2.bias",
    },
    ("efficientnet_v2_s_384", "torchvision"): {
        "stage1_block2/fused/conv/kernel": "features.1.1.block.0.0.weight",
        "stage2_block1/project/norm/var": "features.2.0.block.1.1.running_var",
        "stage6_block15/squeeze_excite/reduce/bias": "features.6.14.block.2.fc1.bias",
        "final/conv/kernel": "features.7.0.weight",
    },
    ("efficientnet_v2_m_480", "torchvision"): {"final/conv/kernel": "features.8.0.weight"},
    ("nasnet_a_large_331", "timm"): {
        "stem_cell2/previous/odd/kernel": "cell_stem_1.path_2.conv.weight",
        "cell7/previous/norm/scale": "cell_6.final_path_bn.weight",
        "cell8/previous/norm/scale": "cell_7.conv_prev_1x1.bn.weight",
        "reduction_cell2/pair5_left_separable2/depthwise/kernel": (
            "reduction_cell_1.comb_iter_4_left.separable_2.depthwise_conv2d.weight"
        ),
    },
    ("convnext_tiny_224", "torchvision"): {
        "stage3_block9/layer_scale": "features.5.8.layer_scale",
        "transition3/conv/kernel": "features.6.1.weight",
        "final_norm/scale": "classifier.0.weight",
    },
    ("convnext_tiny_224", "timm"): {
        "stage3_block9/layer_scale": "stages.2.blocks.8.gamma",
        "transition3/conv/kernel": "stages.3.downsample.1.weight",
        "head/bias": "head.fc.bias",
    },
    ("repvgg_a0_224", "timm"): {
        "stem/conv1x1/conv/kernel": "stem.conv_1x1.conv.weight",
        "stage3_block14/identity/mean": "stages.2.13.identity.running_mean",
    },
}
WITH_HEADS = ("googlenet_224", "inception_v3_299")


LONG = ("nasnet", "inception_resnet", "inception_v4", "efficientnet_v2")
"""Families whose tracing takes seconds."""


@pytest.mark.parametrize(
    ("name", "library"),
    [pytest.param(*case, marks=[pytest.mark.slow] if case[0].startswith(LONG) else []) for case in NAMES],
)
def test_every_leaf_has_its_own_entry_and_these_are_published(name: str, library: str):
    model = MODELS[name](**{"auxiliary": True} if name in WITH_HEADS else {})
    side = int(name.rpartition("_")[2]) if "_" in name else 32
    names = theirs(model, (side, side, 3), library)
    assert len(set(names.values())) == len(names)
    found = {leaf.partition("/")[2]: entry for leaf, entry in names.items()}
    assert {leaf: found.get(leaf) for leaf in NAMES[name, library]} == NAMES[name, library]


def test_every_table_is_tested():
    tested = {(type(MODELS[name]()), library) for name, library in NAMES}
    assert tested == {(family, library) for family, tables in TABLES.items() for library in tables}


def test_a_layer_that_no_table_has_is_one_clear_error():
    with pytest.raises(UserError, match=r"timm's network has nothing like stem/conv6/conv of this .*'stem/conv5/conv'"):
        theirs(MODELS["inception_resnet_v1_299"](), (299, 299, 3))
    with pytest.raises(UserError, match=r"unknown library for ResNet 'tim'"):
        theirs(MODELS["resnet20"](blocks=(1,), widths=(4,)), (32, 32, 3), "tim")
