"""Densely connected networks: every layer sees the outputs of all layers before it in its block."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import BatchNorm, Conv, ConvNorm, Head, activation, avg_pool, check_images, initializer
from jaxcnn.layers.activations import Activation
from jaxcnn.models.stem import Make, run_stem


class DenseLayer(nn.Module):
    """Adds `growth` channels, made from all that `x` has: [B, H, W, C] -> [B, H, W, C + growth].

    Normalize, activate, 3x3 convolution; with `inner`, a 1x1 convolution to so many channels comes first.
    Source: Huang et al. 2017, arXiv:1608.06993, section 3.
    """

    growth: int
    inner: int
    conv: Make
    norm: Make
    act: Activation
    drop: Activation

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        steps = [(self.growth, {})]
        if self.inner:
            steps.insert(0, (self.inner, {"kernel_size": (1, 1), "padding": 0}))
        y = x
        for index, (width, options) in enumerate(steps, 1):
            y = self.act(self.norm(name=f"norm{index}")(y))
            y = self.drop(self.conv(width, name=f"conv{index}", **options)(y))
        return jnp.concatenate([x, y], axis=-1)


class Transition(nn.Module):
    """A 1x1 convolution to `width` channels and a 2x2 average-pool: [B, H, W, C] -> [B, H / 2, W / 2, width].

    Source: Huang et al. 2017, arXiv:1608.06993, section 3.
    """

    width: int
    conv: Make
    norm: Make
    act: Activation
    drop: Activation

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.act(self.norm(name="norm")(x))
        x = self.drop(self.conv(self.width, kernel_size=(1, 1), padding=0, name="conv")(x))
        return avg_pool(x, (2, 2), strides=(2, 2))


class DenseNet(nn.Module):
    """A stem, dense blocks with a halving transition between them, an average: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Huang et al. 2017, arXiv:1608.06993, section 3 (CIFAR) and table 1 (224 pixels); on small images the
    stem is one 3x3 convolution without normalization.

    Options:
        layers: layers in each dense block.
        growth: channels each layer adds.
        stem: channels of the first convolution; 0 stands for twice the growth.
        inner: channels of each layer's 1x1 convolution, in units of the growth; 0 has none.
        compression: fraction of the channels that a transition keeps, rounded down.
        large_stem: start with a 7x7 convolution and a max-pool, which quarter the image, and not with a 3x3.
        dropout: dropout rate after each convolution but the first, in training (0.2 where data are not augmented).
        activation: name of the activation.
        kernel_init: name of the initializer of the convolutions.
    """

    num_classes: int = 10
    layers: tuple[int, ...] = (16, 16, 16)
    growth: int = 12
    stem: int = 0
    inner: int = 4
    compression: float = 0.5
    large_stem: bool = False
    dropout: float = 0.0
    activation: str = "relu"
    kernel_init: str = "he_normal"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "densenet", side=2 ** (len(self.layers) - 1) * (4 if self.large_stem else 1))
        kernel_init = initializer(self.kernel_init)
        conv = partial(Conv, kernel_size=(3, 3), padding=1, use_bias=False, dtype=self.dtype, kernel_init=kernel_init)
        norm = partial(BatchNorm, use_running_average=not train, dtype=self.dtype)
        act = activation(self.activation)
        drop = nn.Dropout(self.dropout, deterministic=not train, name="dropout")
        parts = {"conv": conv, "norm": norm, "act": act, "drop": drop}

        x = run_stem(images, self.stem or 2 * self.growth, self.large_stem, self._stem_unit(train))
        for stage, depth in enumerate(self.layers, 1):
            for index in range(1, depth + 1):
                name = f"stage{stage}_layer{index}"
                x = DenseLayer(self.growth, self.inner * self.growth, **parts, name=name)(x)
            if stage < len(self.layers):
                kept = int(self.compression * x.shape[-1])
                x = Transition(kept, **parts, name=f"transition{stage}")(x)
        x = act(norm(name="final_norm")(x))
        return Head(self.num_classes, dtype=self.dtype, name="head")(x)

    def _stem_unit(self, train: bool) -> Make:
        unit = partial(ConvNorm, kernel_init=self.kernel_init, train=train, dtype=self.dtype)
        if self.large_stem:
            return partial(unit, activation=self.activation)
        return partial(unit, batch_norm=False, activation="identity")


# "40-12" has 40 layers in three blocks and a growth of 12. The authors' first code gives the stem 24 channels, twice
# the growth, and so 1,059,298 parameters; the paper says 16.
simple = partial(DenseNet, stem=16, inner=0, compression=1.0)
large = partial(DenseNet, large_stem=True)
MODELS = {
    "densenet_40_12": partial(simple, layers=(12, 12, 12), growth=12),
    "densenet_100_12": partial(simple, layers=(32, 32, 32), growth=12),
    "densenet_100_24": partial(simple, layers=(32, 32, 32), growth=24),
    # With 1x1 convolutions inside (B) and compression (C): half as many layers a block.
    "densenet_bc_40_48": partial(DenseNet, layers=(6, 6, 6), growth=48),
    "densenet_bc_100_12": partial(DenseNet, layers=(16, 16, 16), growth=12),
    "densenet_bc_190_40": partial(DenseNet, layers=(31, 31, 31), growth=40),
    "densenet_bc_250_24": partial(DenseNet, layers=(41, 41, 41), growth=24),
    # Table 1, for small images and for large.
    "densenet121": partial(DenseNet, layers=(6, 12, 24, 16), growth=32),
    "densenet161": partial(DenseNet, layers=(6, 12, 36, 24), growth=48),
    "densenet169": partial(DenseNet, layers=(6, 12, 32, 32), growth=32),
    "densenet201": partial(DenseNet, layers=(6, 12, 48, 32), growth=32),
    "densenet121_224": partial(large, layers=(6, 12, 24, 16), growth=32),
    "densenet161_224": partial(large, layers=(6, 12, 36, 24), growth=48),
    "densenet169_224": partial(large, layers=(6, 12, 32, 32), growth=32),
    "densenet201_224": partial(large, layers=(6, 12, 48, 32), growth=32),
}
