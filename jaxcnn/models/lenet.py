"""LeNet-5: as it read checks in 1998, and as textbooks draw it today."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import UserError
from jaxcnn.layers import Conv, activation, avg_pool, check_images, initializer, max_pool
from jaxcnn.layers.initializers import Initializer

# Table I: the maps of S2 that each map of C3 sees.
C3 = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)),
)
CODE = 84
"""Units of F6, once a bitmap of 7 x 12."""


class SparseConv(nn.Module):
    """A VALID convolution whose maps see some of the inputs each: [B, H, W, C] -> [B, h, w, len(sources)].

    `kernel` [side, side, connections] holds the connections there are, map by map; `bias` is one a map.
    Source: LeCun et al. 1998, section II.B, C3.
    """

    sources: tuple[tuple[int, ...], ...]
    side: int
    kernel_init: Initializer
    dtype: DTypeLike

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        outputs = np.repeat(np.arange(len(self.sources)), [len(inputs) for inputs in self.sources])
        inputs = np.concatenate(self.sources)
        dense = (self.side, self.side, x.shape[-1], len(self.sources))
        kernel = self.param("kernel", lambda key: self.kernel_init(key, dense, jnp.float32)[:, :, inputs, outputs])
        bias = self.param("bias", nn.initializers.zeros, dense[-1:], jnp.float32)
        spread = jnp.zeros(dense, self.dtype).at[:, :, inputs, outputs].set(kernel.astype(self.dtype))
        dimensions = ("NHWC", "HWIO", "NHWC")
        y = jax.lax.conv_general_dilated(x.astype(self.dtype), spread, (1, 1), "VALID", dimension_numbers=dimensions)
        return y + bias.astype(self.dtype)


class SubSampling(nn.Module):
    """Averages of 2x2 pixels, times a trained gain plus a trained bias of each map: [B, H, W, C] -> [B, H/2, W/2, C].

    The paper sums where this averages; the gain starts at 1. Source: LeCun et al. 1998, section II.B, S2.
    """

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        gain = self.param("gain", nn.initializers.ones, x.shape[-1:], jnp.float32)
        bias = self.param("bias", nn.initializers.zeros, x.shape[-1:], jnp.float32)
        return avg_pool(x, (2, 2), strides=(2, 2)) * gain.astype(x.dtype) + bias.astype(x.dtype)


class LeNet5Of1998(nn.Module):
    """The network of the paper: [B, 32, 32, C] -> logits [B, num_classes], 60,000 parameters for gray images.

    Every layer up to F6, the last that learns, ends with the squashing function. A logit is minus the squared distance
    of F6 from the fixed code of the class (equation 7), so cross-entropy is equation 9 without its constant. The codes
    here are Walsh functions, an error-correcting code, which the paper names beside its bitmaps of characters; there
    are 127 of them.
    UserError for images under 32 pixels and for more classes.
    Source: LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition", section II.B.

    Options:
        activation: name of the squashing function.
        kernel_init: name of the initializer; the paper's is uniform in +-2.4 / fan-in.
    """

    num_classes: int = 10
    activation: str = "scaled_tanh"
    kernel_init: str = "lecun_uniform"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "lenet5_1998", side=32)
        kernel_init = initializer(self.kernel_init)
        conv = partial(Conv, kernel_size=(5, 5), padding="VALID", dtype=self.dtype, kernel_init=kernel_init)
        act = activation(self.activation)
        x = act(conv(6, name="c1")(images))
        x = act(SubSampling(name="s2")(x))
        x = act(SparseConv(C3, 5, kernel_init, self.dtype, name="c3")(x))
        x = act(SubSampling(name="s4")(x))
        x = act(conv(120, name="c5")(x))
        x = x.reshape(x.shape[0], -1)
        x = act(nn.Dense(CODE, dtype=self.dtype, kernel_init=kernel_init, name="f6")(x)).astype(jnp.float32)
        return -jnp.square(x[:, None] - codes(self.num_classes)).sum(axis=-1)


def codes(count: int) -> np.ndarray:
    """`count` rows of 84 signs, which differ in 20 places or more, in 40 for up to 10 rows; UserError above 127."""
    if count > 127:
        raise UserError(f"lenet5_1998 has codes for 127 classes, not {count}; lenet5 takes any number")
    shared = np.arange(1, count + 1)[:, None] & np.arange(CODE)
    return 1.0 - 2.0 * (np.bitwise_count(shared) % 2).astype(np.float32)


class LeNet5(nn.Module):
    """Its plan with full connections, max-pools and a linear end: [B, H, W, C] -> logits [B, num_classes].

    The layers have the names of the paper, though C5 is a dense layer here, and `head` stands in the codes' place.
    UserError for images under 16 pixels.
    Source: LeCun et al. 1998, section II.B, as in kuangliu/pytorch-cifar.

    Options:
        activation: name of the activation after each layer but the last.
        kernel_init: name of the initializer of all weights.
    """

    num_classes: int = 10
    activation: str = "relu"
    kernel_init: str = "he_normal"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "lenet5", side=16)
        kernel_init = initializer(self.kernel_init)
        dense = partial(nn.Dense, dtype=self.dtype, kernel_init=kernel_init)
        act = activation(self.activation)
        x = images
        for width, name in ((6, "c1"), (16, "c3")):
            x = act(Conv(width, (5, 5), padding="VALID", dtype=self.dtype, kernel_init=kernel_init, name=name)(x))
            x = max_pool(x, (2, 2), strides=(2, 2))
        x = x.reshape(x.shape[0], -1)
        for units, name in ((120, "c5"), (84, "f6")):
            x = act(dense(units, name=name)(x))
        return dense(self.num_classes, name="head")(x).astype(jnp.float32)


MODELS = {"lenet5_1998": partial(LeNet5Of1998), "lenet5": partial(LeNet5)}
