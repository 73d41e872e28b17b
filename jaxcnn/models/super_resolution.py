"""Networks that work at the small size and enlarge at the end: ESPCN and EDSR."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import Conv, activation, check_images, initializer
from jaxcnn.layers.upsample import SubPixel


def enlarged(images: jax.Array, factor: int) -> jax.Array:
    """The images [B, H, W, C], bicubic (Keys' kernel, a = -1/2), float32."""
    batch, height, width, channels = images.shape
    return jax.image.resize(images.astype(jnp.float32), (batch, factor * height, factor * width, channels), "cubic")


class ESPCN(nn.Module):
    """Two convolutions and a sub-pixel one: [B, H, W, C] -> [B, factor H, factor W, num_classes].

    Source: Shi et al. 2016, arXiv:1609.05158, section 3: (64, 5), (32, 3), (factor^2 C, 3), tanh.

    Options:
        factor: how many times the image grows.
        skip: add what comes out to the bicubic image, so that only the difference is learned.
    """

    num_classes: int = 3
    factor: int = 2
    widths: tuple[int, ...] = (64, 32)
    activation: str = "tanh"
    skip: bool = False
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "espcn", side=1)
        x, act = images, activation(self.activation)
        for layer, width in enumerate(self.widths, 1):
            side = 5 if layer == 1 else 3
            settings = {"padding": side // 2, "dtype": self.dtype, "kernel_init": initializer("glorot_normal")}
            x = act(Conv(width, (side, side), name=f"conv{layer}", **settings)(x))
        x = SubPixel(self.num_classes, self.factor, dtype=self.dtype, name="head")(x).astype(jnp.float32)
        return x + enlarged(images, self.factor) if self.skip else x


class EDSR(nn.Module):
    """Residual blocks without normalization at the small size: [B, H, W, C] -> [B, factor H, factor W, num_classes].

    Source: Lim et al. 2017, arXiv:1707.02921, section 3 (baseline: 16 blocks of 64 channels).

    Options:
        blocks: residual blocks.
        width: channels.
        factor: how many times the image grows.
        tail: convolve once more after the image has grown, as published; else the sub-pixel one is the last.
        skip: add what comes out to the bicubic image, so that only the difference is learned.
    """

    num_classes: int = 3
    blocks: int = 16
    width: int = 64
    factor: int = 2
    tail: bool = True
    skip: bool = False
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "edsr", side=1)
        conv = partial(Conv, kernel_size=(3, 3), padding=1, dtype=self.dtype, kernel_init=initializer("torch_uniform"))
        first = x = conv(self.width, name="stem")(images)
        for block in range(1, self.blocks + 1):
            y = jax.nn.relu(conv(self.width, name=f"block{block}_conv1")(x))
            x = x + conv(self.width, name=f"block{block}_conv2")(y)
        x = first + conv(self.width, name="body_conv")(x)
        if self.tail:
            x = SubPixel(self.width, self.factor, dtype=self.dtype, name="upsample")(x)
            x = conv(self.num_classes, name="head")(x)
        else:
            x = SubPixel(self.num_classes, self.factor, dtype=self.dtype, name="head")(x)
        x = x.astype(jnp.float32)
        return x + enlarged(images, self.factor) if self.skip else x


MODELS = {
    "espcn": ESPCN,
    "edsr": EDSR,
    "edsr_small": partial(EDSR, blocks=8, tail=False),
}
