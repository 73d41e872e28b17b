"""Separable convolution: each channel filtered by itself, then the channels mixed."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers.initializers import initializer
from jaxcnn.ops.conv import Conv


class SeparableConv(nn.Module):
    """A depthwise convolution and a 1x1 one with nothing between: [B, H, W, C] -> [B, H', W', features].

    No biases. The parameters are `depthwise` and `pointwise`. It costs 1/features + 1/kernel^2 of a full convolution.
    Source: Chollet 2017, arXiv:1610.02357, section 1.2 ("no intermediate activation", figure 10).

    Options:
        padding: "SAME" or "VALID"; else half the window on every side.
    """

    features: int
    kernel: int = 3
    strides: int = 1
    padding: str | None = None
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        channels = x.shape[-1]
        kernel_init = initializer(self.kernel_init)
        x = Conv(
            channels,
            (self.kernel, self.kernel),
            strides=(self.strides, self.strides),
            padding=self.kernel // 2 if self.padding is None else self.padding,
            feature_group_count=channels,
            use_bias=False,
            dtype=self.dtype,
            kernel_init=kernel_init,
            name="depthwise",
        )(x)
        pointwise = Conv(
            self.features, (1, 1), use_bias=False, dtype=self.dtype, kernel_init=kernel_init, name="pointwise"
        )
        return pointwise(x)
