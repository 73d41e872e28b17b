"""The small CIFAR-10 networks of cuda-convnet, known by their error: 26 % (quick), 18 %, 13 % and 11 %."""

from functools import partial
from itertools import count

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.layers import Conv, activation, avg_pool, check_images, max_pool
from jaxcnn.ops.conv import ConvLocal
from jaxcnn.ops.lrn import norm_across_channels, norm_within_channel


class CudaConvNet(nn.Module):
    """Layers in the order of a configuration file: [B, H, W, C] -> logits [B, num_classes].

    UserError for images under 8 pixels and for an unknown layer.
    Source: Krizhevsky 2011, cuda-convnet, the files example-layers/*.cfg (11 %: cuda-convnet2). "quick" and "18pct"
    are cifar10_quick and cifar10_full of Caffe, except that the former has no activation after its first dense layer.

    Options:
        layers: a line each, of name, width and standard deviation of the first weights (biases start at zero):
            conv: 5x5 convolution; local: 3x3, with other weights at every pixel; dense: a dense layer;
            max, avg: overlapping 3x3 pool of stride 2, whose last windows reach over the edge;
            across, within: local response normalization over 9 channels, or over 3x3 pixels; act: the activation.
        logit_std: standard deviation of the first weights of the last dense layer.
        activation: name of the activation.
    """

    layers: tuple[str, ...]
    num_classes: int = 10
    logit_std: float = 0.01
    activation: str = "relu"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "cudaconvnet", side=8)
        x = images
        convolutions, hidden = count(1), count(1)
        numbers = {"conv": convolutions, "local": convolutions, "dense": hidden}  # conv1, conv2, local3, local4
        for line in self.layers:
            kind, *sizes = line.split()
            apply = lookup(self._kinds(), kind, "layer of cudaconvnet")
            if kind in numbers:
                apply = partial(apply, f"{kind}{next(numbers[kind])}")
            x = apply(x, *map(float, sizes))
        return self._dense("head", x, self.num_classes, self.logit_std).astype(jnp.float32)

    def _kinds(self) -> dict:
        pool = {"window_shape": (3, 3), "strides": (2, 2), "ceil_mode": True}
        return {
            "act": activation(self.activation),
            "across": partial(norm_across_channels, size=9, alpha=1e-3 / 9),
            "avg": partial(avg_pool, count_include_pad=False, **pool),
            "conv": partial(self._convolve, Conv, 5),
            "dense": self._dense,
            "local": partial(self._convolve, ConvLocal, 3),
            "max": partial(max_pool, **pool),
            "within": partial(norm_within_channel, size=3, alpha=5e-5 / 9),
        }

    def _convolve(
        self, kind: type[nn.Module], side: int, name: str, x: jax.Array, width: float, std: float
    ) -> jax.Array:
        options = {"padding": side // 2, "dtype": self.dtype, "kernel_init": nn.initializers.normal(std)}
        return kind(int(width), (side, side), **options, name=name)(x)

    def _dense(self, name: str, x: jax.Array, width: float, std: float) -> jax.Array:
        dense = nn.Dense(int(width), dtype=self.dtype, kernel_init=nn.initializers.normal(std), name=name)
        return dense(x.reshape(x.shape[0], -1))


MODELS = {
    "cudaconvnet_quick": partial(
        CudaConvNet,
        layers=(
            *("conv 32 0.0001", "max", "act"),
            *("conv 32 0.01", "act", "avg"),
            *("conv 64 0.01", "act", "avg"),
            *("dense 64 0.1", "act"),
        ),
        logit_std=0.1,
    ),
    "cudaconvnet_18pct": partial(
        CudaConvNet,
        layers=(
            *("conv 32 0.0001", "max", "act", "within"),
            *("conv 32 0.01", "act", "avg", "within"),
            *("conv 64 0.01", "act", "avg"),
        ),
    ),
    "cudaconvnet_13pct": partial(
        CudaConvNet,
        layers=(
            *("conv 64 0.0001", "act", "max"),
            *("conv 64 0.01", "act", "max"),
            *("local 32 0.04", "act"),
            *("local 32 0.04", "act"),
        ),
    ),
    # Made for crops of 24x24 pixels.
    "cudaconvnet_11pct": partial(
        CudaConvNet,
        layers=(
            *("conv 64 0.0001", "act", "max", "across"),
            *("conv 64 0.01", "act", "across", "max"),
            *("local 64 0.04", "act"),
            *("local 32 0.04", "act"),
        ),
    ),
}
