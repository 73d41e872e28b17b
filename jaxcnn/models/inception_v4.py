"""Inception v4: the Inception modules made uniform, with a stem of three forks."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import ConvNorm, Head, check_images
from jaxcnn.layers.branches import AVERAGE_INSIDE, HALVE, Branches, Chain, Chains, Unit, run_stem

ROW, COLUMN = (1, 7), (7, 1)
SPLIT = ((Unit(256, (1, 3)),), (Unit(256, (3, 1)),))

# Figure 3; each fork joins what it computed, [96 of 160, 192, 384] channels.
STEM: Chain = (
    Unit(32, 3, 2, "VALID"),
    Unit(32, 3, 1, "VALID"),
    Unit(64, 3),
    ((HALVE,), (Unit(96, 3, 2, "VALID"),)),
    (
        (Unit(64), Unit(96, 3, 1, "VALID")),
        (Unit(64), Unit(64, ROW), Unit(64, COLUMN), Unit(96, 3, 1, "VALID")),
    ),
    ((Unit(192, 3, 2, "VALID"),), (HALVE,)),
)
# Figures 4 to 9; reduction A is the one of figure 7 with k, l, m, n = 192, 224, 256, 384.
BLOCK_A: Chains = {
    "branch1x1": (Unit(96),),
    "branch3x3": (Unit(64), Unit(96, 3)),
    "branch3x3dbl": (Unit(64), Unit(96, 3), Unit(96, 3)),
    "branch_pool": (AVERAGE_INSIDE, Unit(96)),
}
REDUCTION_A: Chains = {
    "branch3x3": (Unit(384, 3, 2, "VALID"),),
    "branch3x3dbl": (Unit(192), Unit(224, 3), Unit(256, 3, 2, "VALID")),
    "branch_pool": (HALVE,),
}
BLOCK_B: Chains = {
    "branch1x1": (Unit(384),),
    "branch7x7": (Unit(192), Unit(224, ROW), Unit(256, COLUMN)),
    "branch7x7dbl": (Unit(192), Unit(192, COLUMN), Unit(224, ROW), Unit(224, COLUMN), Unit(256, ROW)),
    "branch_pool": (AVERAGE_INSIDE, Unit(128)),
}
REDUCTION_B: Chains = {
    "branch3x3": (Unit(192), Unit(192, 3, 2, "VALID")),
    "branch7x7x3": (Unit(256), Unit(256, ROW), Unit(320, COLUMN), Unit(320, 3, 2, "VALID")),
    "branch_pool": (HALVE,),
}
BLOCK_C: Chains = {
    "branch1x1": (Unit(256),),
    "branch3x3": (Unit(384), SPLIT),
    "branch3x3dbl": (Unit(384), Unit(448, (3, 1)), Unit(512, (1, 3)), SPLIT),
    "branch_pool": (AVERAGE_INSIDE, Unit(256)),
}
PARTS = (("a", BLOCK_A, REDUCTION_A), ("b", BLOCK_B, REDUCTION_B), ("c", BLOCK_C, None))


class InceptionV4(nn.Module):
    """A stem, 4 + 7 + 3 Inception modules and two reductions between: [B, H, W, C] -> logits [B, num_classes].

    UserError for images under 75 pixels.
    Source: Szegedy et al. 2017, arXiv:1602.07261, figure 9; conventions of timm (averages leave the padding out).

    Options:
        blocks: modules at each of the three sizes.
        dropout: dropout rate of the last features in training.
        width: factor on the channels of all convolutions.
    """

    num_classes: int = 10
    blocks: tuple[int, int, int] = (4, 7, 3)
    dropout: float = 0.2
    width: float = 1.0
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "inception_v4", side=75)
        unit = partial(
            ConvNorm,
            epsilon=1e-3,
            activation=self.activation,
            kernel_init=self.kernel_init,
            train=train,
            multiplier=self.width,
            dtype=self.dtype,
        )
        x = run_stem(images, STEM, unit)
        for (letter, chains, reduction), depth in zip(PARTS, self.blocks, strict=True):
            for index in range(1, depth + 1):
                x = Branches(chains, unit, name=f"inception_{letter}{index}")(x)
            if reduction:
                x = Branches(reduction, unit, name=f"reduction_{letter}")(x)
        return Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(x)


MODELS = {"inception_v4_299": partial(InceptionV4)}
