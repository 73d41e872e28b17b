"""MnasNet: inverted residuals whose windows and widths a search chose by their latency on a phone."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import ConvNorm, Head, InvertedResidual, check_images, round_channels

# MnasNet-B1: expansion, kernel, stride of the first, width, blocks.
ROWS = (
    (1, 3, 1, 16, 1),
    (3, 3, 2, 24, 3),
    (3, 5, 2, 40, 3),
    (6, 5, 2, 80, 3),
    (6, 3, 1, 96, 2),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


class MnasNet(nn.Module):
    """A separable block and six stages of inverted residuals: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Tan et al. 2019, arXiv:1807.11626 (MnasNet-B1, which has no squeeze-and-excitation); conventions of
    torchvision (explicit padding, a normalization that keeps 0.9997 of its old statistics).

    Options:
        rows: expansion, kernel, stride, width and blocks of each stage.
        stem_stride: stride of the first convolution.
        dropout: dropout rate of the last features in training.
        width: factor on all channels but the last, rounded to multiples of 8.
    """

    num_classes: int = 10
    rows: tuple[tuple[int, int, int, int, int], ...] = ROWS
    stem_stride: int = 2
    dropout: float = 0.2
    width: float = 1.0
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "mnasnet", side=16 * self.stem_stride)
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        unit = partial(ConvNorm, activation=self.activation, momentum=0.9997, train=train, **settings)
        x = unit(round_channels(32 * self.width), 3, self.stem_stride, name="stem")(images)
        for stage, (expansion, kernel, stride, width, blocks) in enumerate(self.rows, 1):
            for index in range(1, blocks + 1):
                block = partial(InvertedResidual, round_channels(width * self.width), expansion * x.shape[-1], kernel)
                x = block(stride if index == 1 else 1, unit, name=f"stage{stage}_block{index}")(x)
        x = unit(1280, 1, name="final")(x)
        head = partial(Head, kernel_init=nn.initializers.variance_scaling(1.0, "fan_out", "uniform"), dtype=self.dtype)
        return head(self.num_classes, dropout=self.dropout, train=train, name="head")(x)


MODELS = {
    "mnasnet0_5_224": partial(MnasNet, width=0.5),
    "mnasnet0_75_224": partial(MnasNet, width=0.75),
    "mnasnet1_0_224": partial(MnasNet),
    "mnasnet1_3_224": partial(MnasNet, width=1.3),
}
