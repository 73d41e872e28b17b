"""The unit that most networks since 2015 repeat: convolution, batch normalization, activation."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers.activations import activation
from jaxcnn.layers.checks import check_depthwise
from jaxcnn.layers.initializers import initializer
from jaxcnn.layers.norm import BatchNorm
from jaxcnn.ops.conv import Conv


class ConvNorm(nn.Module):
    """Convolve, normalize, activate: [B, H, W, C] -> [B, H', W', features * multiplier].

    The parameters are `conv` and `norm`. UserError for an unknown name.
    Source: Ioffe and Szegedy 2015, arXiv:1502.03167, section 3.2 (no bias, as normalization takes it away).

    Options:
        kernel: side of the window, or its height and width.
        padding: "SAME" or "VALID", or pixels on every side; else half the window, which keeps the size at stride 1.
        groups: groups of channels convolved apart; as many as channels is a depthwise convolution.
        use_bias: give the convolution a bias.
        batch_norm: normalize at all.
        epsilon, momentum: of the normalization.
        train: normalize by the batch rather than by the running statistics.
        multiplier: factor on `features`, for a network of another width.
    """

    features: int
    kernel: int | tuple[int, int] = 3
    strides: int = 1
    padding: str | int | None = None
    groups: int = 1
    use_bias: bool = False
    batch_norm: bool = True
    epsilon: float = 1e-5
    momentum: float = 0.9
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    train: bool = False
    multiplier: float = 1.0
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        window = (self.kernel, self.kernel) if isinstance(self.kernel, int) else self.kernel
        if self.groups == x.shape[-1] > 1:
            check_depthwise(self.dtype)
        half = [(side // 2, side // 2) for side in window]
        x = Conv(
            max(1, round(self.features * self.multiplier)),
            window,
            strides=(self.strides, self.strides),
            padding=half if self.padding is None else self.padding,
            feature_group_count=self.groups,
            use_bias=self.use_bias,
            dtype=self.dtype,
            kernel_init=initializer(self.kernel_init),
            name="conv",
        )(x)
        if self.batch_norm:
            x = BatchNorm(
                use_running_average=not self.train,
                epsilon=self.epsilon,
                momentum=self.momentum,
                dtype=self.dtype,
                name="norm",
            )(x)
        return activation(self.activation)(x)
