"""MobileNet v2: inverted residuals, wide inside and narrow between."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import ConvNorm, Head, InvertedResidual, check_images, initializer, round_channels

# Table 2: expansion, width, blocks, stride of the first.
ROWS_224 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
ROWS = (ROWS_224[0], (6, 24, 2, 1), *ROWS_224[2:])


class MobileNetV2(nn.Module):
    """Inverted residuals with linear bottlenecks: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Sandler et al. 2018, arXiv:1801.04381, table 2; conventions of torchvision. `mobilenet_v2` leaves out the
    first two halvings, as in chenyaofo/pytorch-cifar-models.

    Options:
        rows: expansion, width, blocks and stride of each stage.
        stem_stride: stride of the first convolution.
        dropout: dropout rate of the last features in training.
        width: factor on all channels, rounded to multiples of 8; the last ones are never narrowed.
    """

    num_classes: int = 10
    rows: tuple[tuple[int, int, int, int], ...] = ROWS
    stem_stride: int = 1
    dropout: float = 0.2
    width: float = 1.0
    activation: str = "relu6"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "mobilenet_v2", side=8)
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        unit = partial(ConvNorm, activation=self.activation, train=train, **settings)
        x = unit(round_channels(32 * self.width), 3, self.stem_stride, name="stem")(images)
        for stage, (expansion, width, blocks, stride) in enumerate(self.rows, 1):
            for index in range(1, blocks + 1):
                block = partial(InvertedResidual, round_channels(width * self.width), expansion * x.shape[-1], 3)
                x = block(stride if index == 1 else 1, unit, name=f"stage{stage}_block{index}")(x)
        x = unit(round_channels(1280 * max(1.0, self.width)), 1, name="final")(x)
        head = partial(Head, dropout=self.dropout, train=train, kernel_init=initializer("normal(0.01)"))
        return head(self.num_classes, dtype=self.dtype, name="head")(x)


MODELS = {
    "mobilenet_v2": partial(MobileNetV2),
    "mobilenet_v2_224": partial(MobileNetV2, rows=ROWS_224, stem_stride=2),
}
