"""The published sizes of the networks from GoogLeNet on, as tables for the tests.

Rows: name, options, image [H, W, C], parameters, batch statistics, MACs of one image. Where a comment names
no other implementation, the numbers are counted from the paper. Auxiliary heads have parameters, and no MACs
in evaluation.
"""

from typing import Any

CIFAR = (32, 32, 3)
LARGE = (224, 224, 3)
LARGER = (299, 299, 3)
LARGEST = (331, 331, 3)
THOUSAND: dict[str, Any] = {"num_classes": 1000}

MODERN = [
    # kuangliu/pytorch-cifar; huyvnphan/PyTorch_CIFAR10.
    ("googlenet", {}, CIFAR, 6_166_250, 15_808, 1_521_756_160),
    ("googlenet_3x3", {}, CIFAR, 5_490_986, 14_304, 1_337_141_248),
    # Szegedy et al. 2015, section 5: about 7 million parameters, 1.5 billion MACs.
    ("googlenet_paper_224", THOUSAND, LARGE, 6_998_552, 0, 1_582_671_872),
    ("googlenet_paper_224", {**THOUSAND, "auxiliary": True}, LARGE, 13_378_280, 0, 1_582_671_872),
    ("googlenet_paper_224", {}, LARGE, 5_983_802, 0, 1_581_658_112),
    ("googlenet_paper_224", {"auxiliary": True}, LARGE, 10_334_030, 0, 1_581_658_112),
    # torchvision; with the 5x5 convolution it should have had.
    ("googlenet_224", THOUSAND, LARGE, 6_624_904, 14_560, 1_498_376_192),
    ("googlenet_224", {**THOUSAND, "auxiliary": True}, LARGE, 13_004_888, 15_072, 1_498_376_192),
    ("googlenet_224", {}, LARGE, 5_610_154, 14_560, 1_497_362_432),
    ("googlenet_224", {**THOUSAND, "large": (5,)}, LARGE, 7_005_832, 14_560, 1_582_671_872),
    # Cadene/pretrained-models.pytorch.
    ("bn_inception_224", THOUSAND, LARGE, 11_295_240, 20_032, 2_032_600_064),
    ("bn_inception_224", {}, LARGE, 10_280_490, 20_032, 2_031_586_304),
    # huyvnphan/PyTorch_CIFAR10; torchvision and timm. Keras has no scales: 17,216 parameters fewer.
    ("inception_v3", {}, CIFAR, 21_638_954, 34_016, 3_460_465_664),
    ("inception_v3_299", THOUSAND, LARGER, 23_834_568, 34_432, 5_713_216_096),
    ("inception_v3_299", {**THOUSAND, "auxiliary": True}, LARGER, 27_161_264, 36_224, 5_713_216_096),
    ("inception_v3_299", {}, LARGER, 21_806_058, 34_432, 5_711_188_576),
    # timm and Cadene/pretrained-models.pytorch; Keras's Inception-ResNet v2 has no scales: 30,272 parameters fewer.
    ("inception_v4_299", THOUSAND, LARGER, 42_679_816, 63_168, 12_253_974_624),
    ("inception_v4_299", {}, LARGER, 41_158_186, 63_168, 12_252_453_984),
    ("inception_resnet_v1_299", THOUSAND, LARGER, 24_357_096, 28_576, 6_308_597_856),
    ("inception_resnet_v1_paper_299", THOUSAND, LARGER, 22_756_328, 27_040, 6_206_361_696),
    ("inception_resnet_v2_299", THOUSAND, LARGER, 55_843_464, 60_544, 13_155_794_016),
    ("inception_resnet_v2_299", {}, LARGER, 54_321_834, 60_544, 13_154_273_376),
    # The paper's figures taken literally; its published figure is that of the released network above.
    ("inception_resnet_v2_paper_299", THOUSAND, LARGER, 32_433_928, 32_864, 9_257_953_632),
    # timm and Keras.
    ("xception_299", THOUSAND, LARGER, 22_855_952, 54_528, 8_357_403_496),
    # kuangliu/pytorch-cifar; timm and Keras.
    ("mobilenet_v1", {}, CIFAR, 3_217_226, 21_888, 46_354_432),
    ("mobilenet_v1_224", THOUSAND, LARGE, 4_231_976, 21_888, 568_740_352),
    ("mobilenet_v1_224", {}, LARGE, 3_217_226, 21_888, 567_726_592),
    # chenyaofo/pytorch-cifar-models; torchvision, timm and Keras.
    ("mobilenet_v2", {}, CIFAR, 2_236_682, 34_112, 87_976_448),
    ("mobilenet_v2_224", THOUSAND, LARGE, 3_504_872, 34_112, 300_774_272),
    ("mobilenet_v2_224", {}, LARGE, 2_236_682, 34_112, 299_507_072),
    # torchvision, timm and Keras. For small images the strides, and so the MACs, are ours.
    ("mobilenet_v3_small_224", THOUSAND, LARGE, 2_542_856, 12_112, 56_510_400),
    ("mobilenet_v3_small_224", {}, LARGE, 1_528_106, 12_112, 55_496_640),
    ("mobilenet_v3_large_224", THOUSAND, LARGE, 5_483_032, 24_400, 216_589_760),
    ("mobilenet_v3_large_224", {}, LARGE, 4_214_842, 24_400, 215_322_560),
    ("mobilenet_v3_small", {}, CIFAR, 1_528_106, 12_112, 17_507_328),
    ("mobilenet_v3_large", {}, CIFAR, 4_214_842, 24_400, 66_459_008),
    # chenyaofo/pytorch-cifar-models and kuangliu/pytorch-cifar; torchvision.
    ("shufflenet_v2", {}, CIFAR, 1_263_854, 16_180, 45_002_112),
    ("shufflenet_v2_224", THOUSAND, LARGE, 2_278_604, 16_180, 144_907_992),
    # torchvision, timm and Keras. For small images the strides, and so the MACs, are ours.
    ("efficientnet_b0_224", THOUSAND, LARGE, 5_288_548, 42_016, 385_814_752),
    ("efficientnet_b0_224", {}, LARGE, 4_020_358, 42_016, 384_547_552),
    ("efficientnet_b1_240", THOUSAND, (240, 240, 3), 7_794_184, 62_048, 686_802_832),
    ("efficientnet_b2_288", THOUSAND, (288, 288, 3), 9_109_994, 67_568, 1_087_529_456),
    ("efficientnet_b3_300", THOUSAND, (300, 300, 3), 12_233_232, 87_296, 1_827_141_392),
    ("efficientnet_b4_380", THOUSAND, (380, 380, 3), 19_341_616, 125_200, 4_393_771_024),
    ("efficientnet_b5_456", THOUSAND, (456, 456, 3), 30_389_784, 172_736, 10_266_384_752),
    ("efficientnet_b6_528", THOUSAND, (528, 528, 3), 43_040_704, 224_432, 19_067_593_536),
    ("efficientnet_b7_600", THOUSAND, (600, 600, 3), 66_347_960, 310_720, 37_745_884_192),
    ("efficientnet_b0", {}, CIFAR, 4_020_358, 42_016, 116_167_168),
    # Zoph et al. 2018: 3.3 (table 1), 5.3 and 88.9 million (table 2; with the running statistics); timm, Keras.
    ("nasnet_a", {}, CIFAR, 3_346_538, 37_248, 544_333_312),
    ("nasnet_a", {"auxiliary": True}, CIFAR, 4_978_036, 39_040, 544_333_312),
    ("nasnet_a_mobile_224", THOUSAND, LARGE, 5_289_978, 36_738, 563_638_816),
    ("nasnet_a_mobile_224", {**THOUSAND, "auxiliary": True}, LARGE, 7_701_218, 38_530, 563_638_816),
    ("nasnet_a_large_331", THOUSAND, LARGEST, 88_753_150, 196_668, 23_783_414_658),
    ("nasnet_a_large_331", {**THOUSAND, "auxiliary": True}, LARGEST, 93_320_934, 198_460, 23_783_414_658),
    # 7@2304, for which the paper says 27.6 million: not what the published code builds.
    ("nasnet_a", {"cells": 7, "filters": 96, "stem_width": 288}, CIFAR, 32_590_954, 127_872, 5_151_250_944),
    # torchvision, timm and Keras; with torchvision's blocks behind another stem.
    ("convnext_tiny_224", THOUSAND, LARGE, 28_589_128, 0, 4_455_531_264),
    ("convnext_tiny_224", {}, LARGE, 27_827_818, 0, 4_454_770_944),
    ("convnext_tiny", {}, CIFAR, 27_824_362, 0, 362_777_088),
    ("convnext_tiny", {"patch": 1}, CIFAR, 27_823_498, 0, 1_450_200_576),
    # chenyaofo/pytorch-cifar-models; timm; the plain ones Ding et al. 2021, table 3: 8.30, 12.78 and 14.33 million.
    ("repvgg_a0", {}, CIFAR, 7_840_874, 23_744, 489_075_200),
    ("repvgg_a1", {}, CIFAR, 12_824_202, 29_952, 851_325_440),
    ("repvgg_a2", {}, CIFAR, 26_815_690, 42_560, 1_850_095_360),
    ("repvgg_a0_224", THOUSAND, LARGE, 9_108_968, 23_648, 1_512_581_120),
    ("repvgg_a1_224", THOUSAND, LARGE, 14_092_264, 29_824, 2_626_488_320),
    ("repvgg_b0_224", THOUSAND, LARGE, 15_817_960, 35_200, 3_397_191_680),
    ("repvgg_a0_224", {**THOUSAND, "plain": True}, LARGE, 8_309_384, 0, 1_361_451_008),
    ("repvgg_a1_224", {**THOUSAND, "plain": True}, LARGE, 12_789_864, 0, 2_363_967_488),
    ("repvgg_b0_224", {**THOUSAND, "plain": True}, LARGE, 14_339_048, 0, 3_057_600_512),
    # davidcpage/cifar10-fast.
    ("resnet9", {}, CIFAR, 6_573_120, 4_480, 379_261_952),
    # KellerJordan/cifar10-airbench: what it trains, and the whitening kernel of 288; the last is the proxy of 96.
    ("airbench94", {}, CIFAR, 1_971_352 + 288, 2_304, 118_147_360),
    ("airbench95", {}, CIFAR, 4_604_440 + 288, 3_584, 301_560_864),
    ("airbench96", {}, CIFAR, 9_915_416 + 288, 6_144, 451_967_264),
    ("airbench96", {"widths": (32, 64, 64), "depth": 2}, CIFAR, 146_136 + 288, 640, 17_085_088),
]

# Those whose shorter siblings are of the same code, or that only change the number of classes.
LONG = {
    *("nasnet_a_mobile_224", "nasnet_a_large_331", "inception_v4_299"),
    *(
        "efficientnet_b2_288",
        "efficientnet_b3_300",
        "efficientnet_b4_380",
        "efficientnet_b5_456",
        "efficientnet_b6_528",
        "efficientnet_b7_600",
    ),
    *("repvgg_a1", "repvgg_a2", "repvgg_a1_224", "repvgg_b0_224", "googlenet_3x3", "inception_v3"),
    *("inception_resnet_v1_299", "inception_resnet_v2_299", "inception_resnet_v2_paper_299"),
}


def is_long(name: str, options: dict[str, Any], image: tuple[int, ...]) -> bool:
    """Whether a row takes long to trace and says little that another does not."""
    twin = options and name in ("nasnet_a", "googlenet_paper_224", "googlenet_224") and options != THOUSAND
    return bool(name in LONG or twin or (image != CIFAR and not options))
