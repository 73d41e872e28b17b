"""ResNeXt: bottlenecks whose 3x3 convolution is grouped; "8x64d" is 8 groups of 64 channels in the first stage.

Source: Xie et al. 2017, arXiv:1611.05431, table 1 (224 pixels) and section 5.3 (29 layers for 32x32), as in
facebookresearch/ResNeXt: stages end with 256, 512 and 1024 channels, for any number of groups. The network of the
same name in kuangliu/pytorch-cifar is a different one.
"""

from functools import partial

from jaxcnn.models.resnet import ResNet, imagenet

small = partial(ResNet, blocks=(3, 3, 3), widths=(64, 128, 256), block="bottleneck", option="B")
large = partial(imagenet, blocks=(3, 4, 6, 3), block="bottleneck")
deep = partial(large, blocks=(3, 4, 23, 3))
MODELS = {
    "resnext29_1x64d": partial(small, groups=1, group_width=64),
    "resnext29_2x64d": partial(small, groups=2, group_width=64),
    "resnext29_4x64d": partial(small, groups=4, group_width=64),
    "resnext29_8x64d": partial(small, groups=8, group_width=64),
    "resnext29_16x64d": partial(small, groups=16, group_width=64),
    "resnext29_32x4d": partial(small, groups=32, group_width=4),
    "resnext50_32x4d": partial(large, groups=32, group_width=4),
    "resnext50_32x4d_224": partial(large, groups=32, group_width=4, large_stem=True),
    "resnext101_32x8d_224": partial(deep, groups=32, group_width=8, large_stem=True),
    "resnext101_64x4d_224": partial(deep, groups=64, group_width=4, large_stem=True),
}
