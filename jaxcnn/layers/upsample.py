"""Three exact ways to enlarge a map by a whole factor, by name: transposed convolution, resize and convolve, sub-pixel.

A transposed convolution whose stride divides its kernel is an ordinary convolution with stride^2 times as many outputs,
which are then interleaved: the same MACs, on the fast kernels. The same divisibility is what keeps
checkerboards away: equally many taps then reach every output pixel (Odena, Dumoulin and Olah 2016).
"""

from functools import partial

import jax.numpy as jnp
from flax import linen as nn
from jax import Array, lax
from jax.typing import DTypeLike

from jaxcnn.errors import UserError
from jaxcnn.layers.initializers import Initializer, initializer
from jaxcnn.ops.conv import Conv, conv_general_dilated
from jaxcnn.ops.geometry import NHWC

he_normal = initializer("he_normal")


def interleave(x: Array, factor: int) -> Array:
    """[B, H, W, factor^2 C] -> [B, factor H, factor W, C]; the channels are (row, column, C)."""
    batch, height, width, channels = x.shape
    x = x.reshape(batch, height, width, factor, factor, channels // factor**2)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height * factor, width * factor, -1)


def conv_transpose(x: Array, kernel: Array, stride: int, padding: int, extra: int = 0) -> Array:
    """The transpose of a convolution: pixel i adds x[i] kernel[k] at stride * i + k - padding.

    x [B, H, W, C], kernel [k, k, C, F] -> [B, stride (H - 1) + k - 2 padding + extra, ..., F], as PyTorch's
    ConvTranspose2d with `extra` as its output_padding, which must be at most `padding`.
    """
    side = kernel.shape[0]
    if side % stride:
        flipped, pads = kernel[::-1, ::-1], [(side - 1 - padding, side - 1 - padding + extra)] * 2
        return lax.conv_general_dilated(x, flipped, (1, 1), pads, lhs_dilation=(stride,) * 2, dimension_numbers=NHWC)
    taps, (inputs, outputs) = side // stride, kernel.shape[2:]
    # kernel[stride * tap + phase]: each phase of the output sees the taps in reverse.
    phases = kernel.reshape(taps, stride, taps, stride, inputs, outputs)[::-1, :, ::-1]
    phases = phases.transpose(0, 2, 4, 1, 3, 5).reshape(taps, taps, inputs, stride**2 * outputs)
    whole = conv_general_dilated(x, phases, (1, 1), [(taps - 1,) * 2] * 2, dimension_numbers=NHWC)
    height, width = (stride * (size - 1) + side - 2 * padding + extra for size in x.shape[1:3])
    return interleave(whole, stride)[:, padding : padding + height, padding : padding + width]


class ConvTranspose(nn.Module):
    """Transposed convolution: [B, H, W, C] -> [B, factor H, factor W, features].

    The parameters are `kernel` [k, k, C, features] and `bias`; PyTorch keeps a kernel as [C, features, k, k].
    Source: Zeiler et al. 2010; Dumoulin and Visin 2016, arXiv:1603.07285, section 4.

    Options:
        kernel: side of the window; by default twice the factor, which leaves no checkerboard.
        factor: the stride. A window that it does not divide is slower, and overlaps unevenly.
    """

    features: int
    kernel: int = 0
    factor: int = 2
    use_bias: bool = True
    kernel_init: Initializer = he_normal
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Array) -> Array:
        side = self.kernel or 2 * self.factor
        if side < self.factor:
            raise UserError(f"a transposed convolution by {self.factor} needs a window of at least that, not {side}")
        kernel = self.param("kernel", self.kernel_init, (side, side, x.shape[-1], self.features))
        padding = -(-(side - self.factor) // 2)
        odd = (side - self.factor) % 2  # then the last row is one of those that cropping takes away
        y = conv_transpose(x.astype(self.dtype), kernel.astype(self.dtype), self.factor, padding, odd)
        return (
            y + self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype) if self.use_bias else y
        )


class ResizeConv(nn.Module):
    """Nearest neighbors, then a 3x3 convolution: [B, H, W, C] -> [B, factor H, factor W, features].

    Source: Odena, Dumoulin and Olah 2016, "Deconvolution and Checkerboard Artifacts".
    """

    features: int
    factor: int = 2
    use_bias: bool = True
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Array) -> Array:
        x = x.repeat(self.factor, axis=1).repeat(self.factor, axis=2)
        settings = {"use_bias": self.use_bias, "dtype": self.dtype, "kernel_init": he_normal}
        return Conv(self.features, (3, 3), padding=1, name="conv", **settings)(x)


def icnr(factor: int, key: Array, shape: tuple[int, ...], dtype: DTypeLike = jnp.float32) -> Array:
    """Kernels of a sub-pixel convolution that starts as nearest neighbors: every phase has the same.

    Source: Aitken et al. 2017, arXiv:1707.02937.
    """
    *window, inputs, outputs = shape
    return jnp.tile(he_normal(key, (*window, inputs, outputs // factor**2), dtype), factor**2)


class SubPixel(nn.Module):
    """A 3x3 convolution to factor^2 as many channels, interleaved: [B, H, W, C] -> [B, factor H, factor W, features].

    Source: Shi et al. 2016, arXiv:1609.05158, section 3.1.
    """

    features: int
    factor: int = 2
    use_bias: bool = True
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: Array) -> Array:
        settings = {"use_bias": self.use_bias, "dtype": self.dtype, "kernel_init": partial(icnr, self.factor)}
        outputs = self.features * self.factor**2
        return interleave(Conv(outputs, (3, 3), padding=1, name="conv", **settings)(x), self.factor)


UPSAMPLES = {"transposed": ConvTranspose, "resize": ResizeConv, "subpixel": SubPixel}
