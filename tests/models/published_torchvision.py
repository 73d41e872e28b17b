"""The sizes of torchvision's networks that the other tables lack, as torchvision itself publishes and builds them.

Rows: name, options, image [H, W, C], parameters, batch statistics, MACs of one image. Parameters and MACs (rounded to
millions) are in torchvision's metadata; statistics, and MACs to the last, are counted from its modules by PyTorch.
"""

from published_modern import LARGE, THOUSAND

TORCHVISION = [
    ("convnext_small_224", THOUSAND, LARGE, 50_223_688, 0, 8_683_712_256),
    ("convnext_base_224", THOUSAND, LARGE, 88_591_464, 0, 15_354_729_472),
    ("convnext_large_224", THOUSAND, LARGE, 197_767_336, 0, 34_361_433_600),
    ("efficientnet_v2_s_384", THOUSAND, (384, 384, 3), 21_458_488, 153_872, 8_365_617_152),
    ("efficientnet_v2_m_480", THOUSAND, (480, 480, 3), 54_139_356, 292_032, 24_582_460_384),
    ("efficientnet_v2_l_480", THOUSAND, (480, 480, 3), 118_515_272, 512_576, 56_079_699_008),
    ("mnasnet0_5_224", THOUSAND, LARGE, 2_218_512, 20_624, 104_455_968),
    ("mnasnet0_75_224", THOUSAND, LARGE, 3_170_208, 29_808, 215_493_104),
    ("mnasnet1_0_224", THOUSAND, LARGE, 4_383_312, 37_920, 314_415_872),
    ("mnasnet1_3_224", THOUSAND, LARGE, 6_282_256, 48_816, 526_362_432),
    ("regnet_x_400mf_224", THOUSAND, LARGE, 5_495_976, 37_856, 413_812_608),
    ("regnet_x_800mf_224", THOUSAND, LARGE, 7_259_656, 37_312, 799_699_712),
    ("regnet_x_1_6gf_224", THOUSAND, LARGE, 9_190_136, 43_504, 1_602_849_792),
    ("regnet_x_3_2gf_224", THOUSAND, LARGE, 15_296_552, 62_560, 3_176_621_952),
    ("regnet_x_8gf_224", THOUSAND, LARGE, 39_572_648, 90_464, 7_995_132_416),
    ("regnet_x_16gf_224", THOUSAND, LARGE, 54_278_536, 111_168, 15_940_755_456),
    ("regnet_x_32gf_224", THOUSAND, LARGE, 107_811_560, 162_016, 31_735_929_792),
    ("regnet_y_400mf_224", THOUSAND, LARGE, 4_344_144, 27_152, 401_842_848),
    ("regnet_y_800mf_224", THOUSAND, LARGE, 6_432_512, 30_432, 833_856_256),
    ("regnet_y_1_6gf_224", THOUSAND, LARGE, 11_202_430, 52_672, 1_612_076_160),
    ("regnet_y_3_2gf_224", THOUSAND, LARGE, 19_436_338, 66_160, 3_176_482_752),
    ("regnet_y_8gf_224", THOUSAND, LARGE, 39_381_472, 86_528, 8_473_070_592),
    ("regnet_y_16gf_224", THOUSAND, LARGE, 83_590_140, 122_816, 15_911_510_272),
    ("regnet_y_32gf_224", THOUSAND, LARGE, 145_046_770, 158_288, 32_279_552_832),
    ("regnet_y_128gf_224", THOUSAND, LARGE, 644_812_894, 415_072, 127_517_815_680),
    ("resnext101_32x8d_224", THOUSAND, LARGE, 88_791_336, 202_880, 16_414_015_488),
    ("resnext101_64x4d_224", THOUSAND, LARGE, 83_455_272, 202_880, 15_460_270_080),
    ("shufflenet_v2_x0_5_224", THOUSAND, LARGE, 1_366_792, 7_952, 40_476_448),
    ("shufflenet_v2_x1_5_224", THOUSAND, LARGE, 3_503_624, 23_440, 295_759_392),
    ("shufflenet_v2_x2_0_224", THOUSAND, LARGE, 7_393_996, 33_716, 583_253_464),
    ("squeezenet1_0_224", THOUSAND, LARGE, 1_248_424, 0, 818_924_576),
    ("squeezenet1_1_224", THOUSAND, LARGE, 1_235_496, 0, 349_151_936),
    ("wide_resnet50_2_224", THOUSAND, LARGE, 68_883_240, 68_224, 11_398_021_120),
    ("wide_resnet101_2_224", THOUSAND, LARGE, 126_886_696, 137_856, 22_753_050_624),
]
QUICK = {
    *("squeezenet1_0_224", "squeezenet1_1_224", "mnasnet0_5_224", "regnet_x_800mf_224", "regnet_y_800mf_224"),
    "shufflenet_v2_x0_5_224",
}
"""The rest takes longer to trace, and is of the same code or of that of other tables."""
