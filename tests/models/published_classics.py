"""The published sizes of the networks up to the residual and the dense ones, as tables for the tests.

Rows: name, options, image [H, W, C], parameters, batch statistics, MACs of one image. Where a comment names
no other implementation, the numbers are counted from the paper.
"""

CIFAR = (32, 32, 3)
LARGE = (224, 224, 3)

CLASSICS = [
    # LeCun et al. 1998, section II.B: "60,000 trainable free parameters".
    ("lenet5_1998", {}, (32, 32, 1), 60_000, 0, 325_680),
    ("lenet5", {}, (32, 32, 1), 61_706, 0, 416_520),
    # kuangliu/pytorch-cifar.
    ("lenet5", {}, CIFAR, 62_006, 0, 651_720),
    # From the configuration files of cuda-convnet; Caffe's cifar10_quick and cifar10_full have the same counts.
    ("cudaconvnet_quick", {}, CIFAR, 145_578, 0, 12_354_176),
    ("cudaconvnet_18pct", {}, CIFAR, 89_578, 0, 12_298_240),
    ("cudaconvnet_13pct", {}, CIFAR, 1_901_386, 0, 32_919_552),
    ("cudaconvnet_11pct", {}, (24, 24, 3), 2_112_970, 0, 19_512_576),
    # Krizhevsky et al. 2012, section 5: "60 million parameters"; torchvision; bearpaw/pytorch-classification.
    ("alexnet_2012", {"num_classes": 1000}, (227, 227, 3), 60_965_224, 0, 724_406_816),
    ("alexnet_2012", {"num_classes": 1000}, LARGE, 60_965_224, 0, 724_406_816),
    ("alexnet_224", {"num_classes": 1000}, LARGE, 61_100_840, 0, 714_188_480),
    ("alexnet_224", {}, LARGE, 57_044_810, 0, 710_133_440),
    ("alexnet", {}, CIFAR, 2_472_266, 0, 14_957_056),
    # torchvision; Simonyan and Zisserman 2015, table 2: 133M (A and B), 134M (C), 138M (D), 144M (E).
    ("vgg11_224", {"num_classes": 1000}, LARGE, 132_863_336, 0, 7_609_090_048),
    ("vgg13_224", {"num_classes": 1000}, LARGE, 133_047_848, 0, 11_308_466_176),
    ("vgg16c_224", {"num_classes": 1000}, LARGE, 133_638_952, 0, 11_770_888_192),
    ("vgg16_224", {"num_classes": 1000}, LARGE, 138_357_544, 0, 15_470_264_320),
    ("vgg19_224", {"num_classes": 1000}, LARGE, 143_667_240, 0, 19_632_062_464),
    ("vgg11_bn_224", {"num_classes": 1000}, LARGE, 132_868_840, 5_504, 7_609_090_048),
    ("vgg13_bn_224", {"num_classes": 1000}, LARGE, 133_053_736, 5_888, 11_308_466_176),
    ("vgg16c_bn_224", {"num_classes": 1000}, LARGE, 133_647_400, 8_448, 11_770_888_192),
    ("vgg16_bn_224", {"num_classes": 1000}, LARGE, 138_365_992, 8_448, 15_470_264_320),
    ("vgg19_bn_224", {"num_classes": 1000}, LARGE, 143_678_248, 11_008, 19_632_062_464),
    # kuangliu/pytorch-cifar; those without normalization and those of column C are counted from these.
    ("vgg11_bn", {}, CIFAR, 9_231_114, 5_504, 152_769_536),
    ("vgg13_bn", {}, CIFAR, 9_416_010, 5_888, 228_267_008),
    ("vgg16_bn", {}, CIFAR, 14_728_266, 8_448, 313_201_664),
    ("vgg19_bn", {}, CIFAR, 20_040_522, 11_008, 398_136_320),
    ("vgg11_bn", {"conv_bias": False}, CIFAR, 9_228_362, 5_504, 152_769_536),
    ("vgg13_bn", {"conv_bias": False}, CIFAR, 9_413_066, 5_888, 228_267_008),
    ("vgg16_bn", {"conv_bias": False}, CIFAR, 14_724_042, 8_448, 313_201_664),
    ("vgg19_bn", {"conv_bias": False}, CIFAR, 20_035_018, 11_008, 398_136_320),
    ("vgg16c_bn", {}, CIFAR, 10_009_674, 8_448, 237_704_192),
    ("vgg11", {}, CIFAR, 9_225_610, 0, 152_769_536),
    ("vgg13", {}, CIFAR, 9_410_122, 0, 228_267_008),
    ("vgg16", {}, CIFAR, 14_719_818, 0, 313_201_664),
    ("vgg19", {}, CIFAR, 20_029_514, 0, 398_136_320),
    ("vgg16c", {}, CIFAR, 10_001_226, 0, 237_704_192),
    # Option A: akamaster/pytorch_resnet_cifar10 and He et al. 2015, table 6: 0.27M 0.46M 0.66M 0.85M 1.7M 19.4M.
    ("resnet20", {}, CIFAR, 269_722, 1_376, 40_551_040),
    ("resnet32", {}, CIFAR, 464_154, 2_272, 68_862_592),
    ("resnet44", {}, CIFAR, 658_586, 3_168, 97_174_144),
    ("resnet56", {}, CIFAR, 853_018, 4_064, 125_485_696),
    ("resnet110", {}, CIFAR, 1_727_962, 8_096, 252_887_680),
    ("resnet1202", {}, CIFAR, 19_421_274, 89_632, 2_829_238_912),
    # Option B: chenyaofo/pytorch-cifar-models.
    ("resnet20", {"option": "B"}, CIFAR, 272_474, 1_568, 40_813_184),
    ("resnet32", {"option": "B"}, CIFAR, 466_906, 2_464, 69_124_736),
    ("resnet44", {"option": "B"}, CIFAR, 661_338, 3_360, 97_436_288),
    ("resnet56", {"option": "B"}, CIFAR, 855_770, 4_256, 125_747_840),
    ("resnet110", {"option": "B"}, CIFAR, 1_730_714, 8_288, 253_149_824),
    # A plain network has what the residual one with option A has.
    ("plain20", {}, CIFAR, 269_722, 1_376, 40_551_040),
    ("plain32", {}, CIFAR, 464_154, 2_272, 68_862_592),
    ("plain44", {}, CIFAR, 658_586, 3_168, 97_174_144),
    ("plain56", {}, CIFAR, 853_018, 4_064, 125_485_696),
    # kuangliu/pytorch-cifar, or torchvision's with a 3x3 stem and no max-pool.
    ("resnet18", {}, CIFAR, 11_173_962, 9_600, 555_422_720),
    ("resnet34", {}, CIFAR, 21_282_122, 17_024, 1_159_402_496),
    ("resnet50", {}, CIFAR, 23_520_842, 53_120, 1_297_829_888),
    ("resnet101", {}, CIFAR, 42_512_970, 105_344, 2_509_983_744),
    ("resnet152", {}, CIFAR, 58_156_618, 151_424, 3_722_137_600),
    # torchvision.
    ("resnet18_224", {"num_classes": 1000}, LARGE, 11_689_512, 9_600, 1_814_073_344),
    ("resnet34_224", {"num_classes": 1000}, LARGE, 21_797_672, 17_024, 3_663_761_408),
    ("resnet50_224", {"num_classes": 1000}, LARGE, 25_557_032, 53_120, 4_089_184_256),
    ("resnet101_224", {"num_classes": 1000}, LARGE, 44_549_160, 105_344, 7_801_405_440),
    ("resnet152_224", {"num_classes": 1000}, LARGE, 60_192_808, 151_424, 11_513_626_624),
    ("resnet18_224", {}, LARGE, 11_181_642, 9_600, 1_813_566_464),
    # bearpaw/pytorch-classification, whose bottlenecks stride their 3x3: 3.1M MACs more. He et al. 2016: 1.7M,
    # 1.7M and, without normalization, 10.2M.
    ("preact_resnet110", {}, CIFAR, 1_727_962, 8_096, 252_887_680),
    ("preact_resnet110", {"option": "B"}, CIFAR, 1_730_522, 8_096, 253_149_824),
    ("preact_resnet164", {}, CIFAR, 1_703_258, 24_224, 244_500_992),
    ("preact_resnet1001", {}, CIFAR, 10_327_706, 149_216, 1_487_849_984),
    # kuangliu/pytorch-cifar.
    ("preact_resnet18", {}, CIFAR, 11_171_146, 6_784, 555_422_720),
    ("preact_resnet34", {}, CIFAR, 21_279_306, 14_208, 1_159_402_496),
    # bearpaw and Zagoruyko and Komodakis 2016, tables 4 and 5: 2.7M 11.0M 17.2M - 36.5M 52.5M 0.6M 2.2M 8.9M -.
    ("wrn_16_4", {}, CIFAR, 2_748_890, 3_616, 392_612_352),
    ("wrn_16_8", {}, CIFAR, 10_961_370, 7_200, 1_548_145_664),
    ("wrn_22_8", {}, CIFAR, 17_158_106, 10_784, 2_454_115_328),
    ("wrn_28_2", {}, CIFAR, 1_467_610, 3_616, 214_353_152),
    ("wrn_28_10", {}, CIFAR, 36_479_194, 17_952, 5_243_328_768),
    ("wrn_28_12", {}, CIFAR, 52_517_850, 21_536, 7_543_905_792),
    ("wrn_40_1", {}, CIFAR, 563_930, 2_720, 83_280_512),
    ("wrn_40_2", {}, CIFAR, 2_243_546, 5_408, 327_599_360),
    ("wrn_40_4", {}, CIFAR, 8_949_210, 10_784, 1_298_582_016),
    ("wrn_40_10", {}, CIFAR, 55_841_754, 26_912, 8_074_483_968),
    # facebookresearch/ResNeXt and bearpaw: 34.4M for 8x64d, 68.1M for 16x64d; torchvision for 224 pixels.
    ("resnext29_1x64d", {}, CIFAR, 4_914_250, 19_840, 748_365_824),
    ("resnext29_2x64d", {}, CIFAR, 9_130_314, 25_216, 1_411_065_856),
    ("resnext29_4x64d", {}, CIFAR, 17_562_442, 35_968, 2_736_465_920),
    ("resnext29_8x64d", {}, CIFAR, 34_426_698, 57_472, 5_387_266_048),
    ("resnext29_16x64d", {}, CIFAR, 68_155_210, 100_480, 10_688_866_304),
    ("resnext29_32x4d", {}, CIFAR, 4_775_754, 25_216, 774_055_936),
    ("resnext50_32x4d", {}, CIFAR, 22_992_714, 68_224, 1_343_967_232),
    ("resnext50_32x4d_224", {"num_classes": 1000}, LARGE, 25_028_904, 68_224, 4_230_479_872),
    # Huang et al. 2017, table 2: 1.0M 7.0M 27.2M 2.7M 0.8M 25.6M 15.3M; the first again with the authors' first stem.
    ("densenet_40_12", {}, CIFAR, 1_019_722, 18_096, 264_812_928),
    ("densenet_100_12", {}, CIFAR, 6_979_642, 117_216, 1_769_516_448),
    ("densenet_100_24", {}, CIFAR, 27_249_082, 231_264, 6_889_347_744),
    ("densenet_bc_40_48", {}, CIFAR, 2_733_130, 20_352, 1_149_867_168),
    ("densenet_bc_100_12", {}, CIFAR, 769_162, 23_988, 287_929_692),
    ("densenet_bc_190_40", {}, CIFAR, 25_624_430, 256_960, 9_301_945_740),
    ("densenet_bc_250_24", {}, CIFAR, 15_324_406, 257_976, 5_418_785_724),
    ("densenet_40_12", {"stem": 24}, CIFAR, 1_059_298, 18_720, 282_917_328),
    # kuangliu/pytorch-cifar, its densenet_cifar too; torchvision, timm and Keras for 224 pixels.
    ("densenet121", {}, CIFAR, 6_956_298, 83_520, 888_350_720),
    ("densenet121", {"growth": 12}, CIFAR, 1_000_618, 31_320, 125_341_440),
    ("densenet161", {}, CIFAR, 26_482_378, 219_744, 2_467_550_784),
    ("densenet169", {}, CIFAR, 12_493_322, 158_272, 1_059_799_296),
    ("densenet201", {}, CIFAR, 18_104_330, 228_928, 1_363_888_896),
    ("densenet121_224", {"num_classes": 1000}, LARGE, 7_978_856, 83_648, 2_834_161_664),
    ("densenet161_224", {"num_classes": 1000}, LARGE, 28_681_000, 219_936, 7_727_907_072),
    ("densenet169_224", {"num_classes": 1000}, LARGE, 14_149_480, 158_400, 3_359_843_328),
    ("densenet201_224", {"num_classes": 1000}, LARGE, 20_013_928, 229_056, 4_291_365_888),
    # Counted from Hu et al. 2018, table 4; kuangliu for se_resnet18.
    ("se_resnet20", {}, CIFAR, 272_095, 1_376, 40_553_056),
    ("se_resnet56", {}, CIFAR, 860_137, 4_064, 125_491_744),
    ("se_resnet110", {}, CIFAR, 1_742_200, 8_096, 252_899_776),
    ("se_preact_resnet110", {}, CIFAR, 1_742_200, 8_096, 252_899_776),
    ("se_preact_resnet164", {}, CIFAR, 1_905_362, 24_224, 244_694_528),
    ("se_wrn_16_8", {}, CIFAR, 11_049_290, 7_200, 1_548_231_680),
    ("se_resnet18", {}, CIFAR, 11_263_042, 9_600, 555_509_760),
    ("se_resnet50", {}, CIFAR, 26_051_834, 53_120, 1_300_344_832),
    # timm's legacy_seresnet18, 34 and seresnet50.
    ("se_resnet18_224", {"num_classes": 1000}, LARGE, 11_778_592, 9_600, 1_814_160_384),
    ("se_resnet34_224", {"num_classes": 1000}, LARGE, 21_958_868, 17_024, 3_663_918_592),
    ("se_resnet50_224", {"num_classes": 1000}, LARGE, 28_088_024, 53_120, 4_091_699_200),
]
