"""BN-Inception (Inception v2): GoogLeNet with batch normalization, and two 3x3 convolutions for the 5x5."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import ConvNorm, Head, check_images
from jaxcnn.layers.branches import AVERAGE, HALVE_CEIL, MAX, Branches, Chain, Pool, Unit


def keep(one: int, reduce3: int, three: int, reduce5: int, five: int, pool: Pool, projection: int) -> tuple[Chain, ...]:
    """Four branches that keep the size."""
    return (
        (Unit(one),),
        (Unit(reduce3), Unit(three, 3)),
        (Unit(reduce5), Unit(five, 3), Unit(five, 3)),
        (pool, Unit(projection)),
    )


def halve(reduce3: int, three: int, reduce5: int, five: int) -> tuple[Chain, ...]:
    """Three branches that halve the image; the last is a pool alone."""
    return (
        (Unit(reduce3), Unit(three, 3, 2)),
        (Unit(reduce5), Unit(five, 3), Unit(five, 3, 2)),
        (HALVE_CEIL,),
    )


TABLE = {
    "inception_3a": keep(64, 64, 64, 64, 96, AVERAGE, 32),
    "inception_3b": keep(64, 64, 96, 64, 96, AVERAGE, 64),
    "inception_3c": halve(128, 160, 64, 96),
    "inception_4a": keep(224, 64, 96, 96, 128, AVERAGE, 128),
    "inception_4b": keep(192, 96, 128, 96, 128, AVERAGE, 128),
    "inception_4c": keep(160, 128, 160, 128, 160, AVERAGE, 128),
    "inception_4d": keep(96, 128, 192, 160, 192, AVERAGE, 128),
    "inception_4e": halve(128, 192, 192, 256),
    "inception_5a": keep(352, 192, 320, 160, 224, AVERAGE, 128),
    "inception_5b": keep(352, 192, 320, 192, 224, MAX, 128),
}


class BNInception(nn.Module):
    """Ten Inception modules, two of which halve the image: [B, H, W, C] -> logits [B, num_classes].

    Biases stay beside the normalization and averages count the padding, as in the Caffe model that
    Cadene/pretrained-models.pytorch converts. UserError for images under 32 pixels.
    Source: Ioffe and Szegedy 2015, arXiv:1502.03167, figure 5; 4c and 4d as released, with 608 channels.

    Options:
        conv_bias: give convolutions a bias, though batch normalization takes it away again (as released).
        dropout: share of the last features dropped in training.
        width: factor on the channels of all convolutions.
    """

    num_classes: int = 10
    conv_bias: bool = True
    dropout: float = 0.0
    width: float = 1.0
    activation: str = "relu"
    kernel_init: str = "torch_uniform"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "bn_inception", side=32)
        unit = partial(
            ConvNorm,
            use_bias=self.conv_bias,
            activation=self.activation,
            kernel_init=self.kernel_init,
            train=train,
            multiplier=self.width,
            dtype=self.dtype,
        )
        x = HALVE_CEIL(unit(64, 7, 2, name="conv1")(images))
        x = HALVE_CEIL(unit(192, 3, name="conv2_2")(unit(64, 1, name="conv2_1")(x)))
        for name, chains in TABLE.items():
            x = Branches(chains, unit, name=name)(x)
        return Head(self.num_classes, self.dropout, train, dtype=self.dtype, name="head")(x)


bn_inception_224 = partial(BNInception)
