"""MobileNet v3: the blocks of v2 with squeeze-and-excitation and hard swish, their sizes found by search."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import (
    ConvNorm,
    Head,
    InvertedResidual,
    SqueezeExcite,
    activation,
    check_images,
    initializer,
    round_channels,
)

# Tables 1 and 2: kernel, expanded channels, width, squeeze-and-excitation, activation, stride.
Row = tuple[int, int, int, bool, str, int]
LARGE_224: tuple[Row, ...] = (
    (3, 16, 16, False, "relu", 1),
    (3, 64, 24, False, "relu", 2),
    (3, 72, 24, False, "relu", 1),
    (5, 72, 40, True, "relu", 2),
    (5, 120, 40, True, "relu", 1),
    (5, 120, 40, True, "relu", 1),
    (3, 240, 80, False, "hard_swish", 2),
    (3, 200, 80, False, "hard_swish", 1),
    (3, 184, 80, False, "hard_swish", 1),
    (3, 184, 80, False, "hard_swish", 1),
    (3, 480, 112, True, "hard_swish", 1),
    (3, 672, 112, True, "hard_swish", 1),
    (5, 672, 160, True, "hard_swish", 2),
    (5, 960, 160, True, "hard_swish", 1),
    (5, 960, 160, True, "hard_swish", 1),
)
SMALL_224: tuple[Row, ...] = (
    (3, 16, 16, True, "relu", 2),
    (3, 72, 24, False, "relu", 2),
    (3, 88, 24, False, "relu", 1),
    (5, 96, 40, True, "hard_swish", 2),
    (5, 240, 40, True, "hard_swish", 1),
    (5, 240, 40, True, "hard_swish", 1),
    (5, 120, 48, True, "hard_swish", 1),
    (5, 144, 48, True, "hard_swish", 1),
    (5, 288, 96, True, "hard_swish", 2),
    (5, 576, 96, True, "hard_swish", 1),
    (5, 576, 96, True, "hard_swish", 1),
)
# For small images the first halving is left out, here and in the stem.
LARGE = (LARGE_224[0], (*LARGE_224[1][:-1], 1), *LARGE_224[2:])
SMALL = ((*SMALL_224[0][:-1], 1), *SMALL_224[1:])


class MobileNetV3(nn.Module):
    """Inverted residuals with squeeze-and-excitation and hard swish: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Howard et al. 2019, arXiv:1905.02244, tables 1 and 2; conventions of torchvision (epsilon 1e-3, momentum
    0.99, squeeze to a quarter of the expanded channels, hard-sigmoid gate). The variants for small images leave out the
    first two halvings; no published network has their strides.

    Options:
        rows: kernel, expanded channels, width, squeeze-and-excitation, activation and stride of each block.
        hidden: units of the dense layer before the last.
        stem_stride: stride of the first convolution.
        dropout: dropout rate of the last features in training.
        width: factor on all channels, rounded to multiples of 8.
    """

    num_classes: int = 10
    rows: tuple[Row, ...] = LARGE
    hidden: int = 1280
    stem_stride: int = 1
    dropout: float = 0.2
    width: float = 1.0
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "mobilenet_v3", side=8)
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        unit = partial(ConvNorm, activation="hard_swish", epsilon=1e-3, momentum=0.99, train=train, **settings)
        squeeze = partial(SqueezeExcite, gate="hard_sigmoid", **settings)
        x = unit(round_channels(16 * self.width), 3, self.stem_stride, name="stem")(images)
        for index, (kernel, expanded, width, squeezed, act, stride) in enumerate(self.rows, 1):
            expanded = round_channels(expanded * self.width)
            block = partial(InvertedResidual, round_channels(width * self.width), expanded, kernel, stride)
            gate = partial(squeeze, round_channels(expanded // 4)) if squeezed else None
            x = block(partial(unit, activation=act), gate, name=f"block{index}")(x)
        x = unit(6 * x.shape[-1], 1, name="final")(x).mean(axis=(1, 2))
        dense = {"kernel_init": initializer("normal(0.01)"), "dtype": self.dtype}
        hidden = nn.Dense(round_channels(self.hidden * self.width), **dense, name="dense1")
        x = activation("hard_swish")(hidden(x))
        return Head(self.num_classes, dropout=self.dropout, train=train, **dense, name="head")(x)


MODELS = {
    "mobilenet_v3_small": partial(MobileNetV3, rows=SMALL, hidden=1024),
    "mobilenet_v3_large": partial(MobileNetV3, rows=LARGE),
    "mobilenet_v3_small_224": partial(MobileNetV3, rows=SMALL_224, hidden=1024, stem_stride=2),
    "mobilenet_v3_large_224": partial(MobileNetV3, rows=LARGE_224, stem_stride=2),
}
