"""BN-Inception (Inception v2): GoogLeNet with batch normalization, and two 3x3 convolutions for the 5x5."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import ConvNorm, Head, check_images
from jaxcnn.layers.branches import AVERAGE, HALVE_CEIL, MAX, Branches, Chain, Chains, Pool, Reduce, Unit, run_stem


def keep(one: int, reduce3: int, three: int, reduce5: int, five: int, pool: Pool, projection: int) -> Chains:
    """Four branches that keep the size."""
    return {
        "branch1x1": (Unit(one),),
        "branch3x3": (Reduce(reduce3), Unit(three, 3)),
        "branch3x3dbl": (Reduce(reduce5), Unit(five, 3), Unit(five, 3)),
        "branch_pool": (pool, Unit(projection)),
    }


def halve(reduce3: int, three: int, reduce5: int, five: int) -> Chains:
    """Three branches that halve the image; the last is only a pool."""
    return {
        "branch3x3": (Reduce(reduce3), Unit(three, 3, 2)),
        "branch3x3dbl": (Reduce(reduce5), Unit(five, 3), Unit(five, 3, 2)),
        "branch_pool": (HALVE_CEIL,),
    }


STEM: Chain = (Unit(64, 7, 2), HALVE_CEIL, Unit(64), Unit(192, 3), HALVE_CEIL)
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
        dropout: dropout rate of the last features in training.
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
        x = run_stem(images, STEM, unit)
        for name, chains in TABLE.items():
            x = Branches(chains, unit, name=name)(x)
        return Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(x)


MODELS = {"bn_inception_224": partial(BNInception)}
