"""A network for a first training of a few minutes on two processor cores."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.layers import Conv, avg_pool, check_images, initializer, max_pool, normalization, unit_activation

POOLS: dict[str, Callable[..., jax.Array] | None] = {"max": max_pool, "average": avg_pool, "stride": None}


class Stem(nn.Module):
    """Overlapping patches of 4x4 pixels, normalized and activated: [B, H, W, C] -> [B, H / 2, W / 2, features]."""

    features: int
    conv: Callable[..., nn.Module]
    norm: Callable[..., jax.Array]
    act: Callable[[jax.Array], jax.Array]

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = self.conv(self.features, (4, 4), 2, padding=1, name="conv")(images)
        return self.act(self.norm(x=x, name="norm"))


class QuickNet(nn.Module):
    """A thin ResNet-9 on overlapping 4x4 patches: [B, H, W, C] -> logits [B, num_classes].

    The stem halves the image by its stride, each stage by a pool that comes before the normalization, which then has
    a quarter of the work; a residual convolution follows each pool. UserError for images too small to halve so often.
    Source: Page 2018, "How to Train Your ResNet" (ResNet-9, scaled logits); pooling before normalization and the
    maximum over the last map as in airbench (Jordan 2024, arXiv:2404.00498).

    All of its parts can be exchanged: the experiments on single parts train this network.

    Options:
        stem: channels of the stem.
        widths: channels of each stage.
        activation: name of the activation; or `maxout`, the greater of two channels, which doubles the weights.
        kernel_init: name of the initializer of the convolutions.
        norm: `none`, `batch`, `group` or `layer` normalization before each activation.
        norm_scale: learn the normalization's scale and shift.
        pool: `max`, `average`, or `stride`: the first convolution of a stage takes every other pixel instead.
        dropout: dropout rate of the features before the head in training.
        logit_scale: factor on the logits, which slows down how fast they grow.
    """

    num_classes: int = 10
    stem: int = 32
    widths: tuple[int, ...] = (64, 128)
    activation: str = "relu"
    kernel_init: str = "he_normal"
    norm: str = "batch"
    norm_scale: bool = True
    pool: str = "max"
    dropout: float = 0.0
    logit_scale: float = 0.125
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "quicknet", side=2 ** (1 + len(self.widths)))
        conv = partial(Conv, use_bias=False, dtype=self.dtype, kernel_init=initializer(self.kernel_init))
        pool = lookup(POOLS, self.pool, "pool")
        channels, act = unit_activation(self.activation)
        norm = partial(normalization, self.norm, train=train, affine=self.norm_scale, dtype=self.dtype)
        x = Stem(self.stem * channels, conv, norm, act, name="stem")(images)
        for stage, width in enumerate(self.widths, 1):
            x = conv(width * channels, (3, 3), 1 if pool else 2, padding=1, name=f"stage{stage}_conv1")(x)
            x = pool(x, (2, 2), strides=(2, 2)) if pool else x
            x = act(norm(x=x, name=f"stage{stage}_norm1"))
            y = conv(width * channels, (3, 3), padding=1, name=f"stage{stage}_conv2")(x)
            x = x + act(norm(x=y, name=f"stage{stage}_norm2"))
        x = nn.Dropout(self.dropout, deterministic=not train, name="dropout")(x.max(axis=(1, 2)))
        head = nn.Dense(self.num_classes, use_bias=False, dtype=self.dtype, name="head")
        return self.logit_scale * head(x).astype(jnp.float32)


MODELS = {"quicknet": partial(QuickNet)}
