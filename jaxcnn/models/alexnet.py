"""AlexNet: the two towers of 2012, the one tower of 2014, and that one for small images."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import Conv, activation, check_images, initializer, max_pool
from jaxcnn.ops.lrn import norm_across_channels


class Layer(NamedTuple):
    """A convolution and its activation; response normalization and a max-pool of stride 2 may follow."""

    width: int
    window: int
    stride: int = 1
    padding: int | tuple[int, int] = 0
    groups: int = 1
    bias: float = 0.0
    normalize: bool = False
    pool: int = 0


class AlexNet(nn.Module):
    """Five convolutions and dense layers: [B, H, W, C] -> logits [B, num_classes].

    UserError for images of fewer than `side` pixels; larger ones widen the first dense layer.

    Options:
        layers: the convolutions: width, window, stride, padding, groups, first bias, normalize, window of the pool.
        hidden: units of the dense layers before the last.
        hidden_bias: where the biases of these start.
        dropout: dropout rate in training.
        dropped: the dense layers, from 0, whose inputs are dropped.
        side: pixels of the smallest image.
        activation: name of the activation.
        kernel_init: name of the initializer of all weights.
    """

    layers: tuple[Layer, ...]
    num_classes: int = 10
    hidden: tuple[int, ...] = (4096, 4096)
    hidden_bias: float = 0.0
    dropout: float = 0.5
    dropped: tuple[int, ...] = (0, 1)
    side: int = 224
    activation: str = "relu"
    kernel_init: str = "he_normal"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "alexnet", side=self.side)
        act = activation(self.activation)
        drop = nn.Dropout(self.dropout, deterministic=not train, name="dropout")
        x = images
        for index, layer in enumerate(self.layers, 1):
            x = self._convolve(x, Layer(*layer), f"conv{index}")
        x = x.reshape(x.shape[0], -1)
        for index, units in enumerate(self.hidden, 1):
            x = drop(x) if index - 1 in self.dropped else x
            x = act(self._dense(units, self.hidden_bias, f"dense{index}")(x))
        x = drop(x) if len(self.hidden) in self.dropped else x
        return self._dense(self.num_classes, 0.0, "head")(x).astype(jnp.float32)

    def _convolve(self, x: jax.Array, layer: Layer, name: str) -> jax.Array:
        conv = Conv(
            layer.width,
            (layer.window, layer.window),
            strides=layer.stride,
            padding=(layer.padding, layer.padding),
            feature_group_count=layer.groups,
            dtype=self.dtype,
            kernel_init=initializer(self.kernel_init),
            bias_init=nn.initializers.constant(layer.bias),
            name=name,
        )
        x = activation(self.activation)(conv(x))
        if layer.normalize:
            x = norm_across_channels(x, size=5, alpha=1e-4, beta=0.75, offset=2.0)
        return max_pool(x, (layer.pool, layer.pool), strides=(2, 2)) if layer.pool else x

    def _dense(self, units: int, bias: float, name: str) -> nn.Module:
        kernel_init, bias_init = initializer(self.kernel_init), nn.initializers.constant(bias)
        return nn.Dense(units, dtype=self.dtype, kernel_init=kernel_init, bias_init=bias_init, name=name)


MODELS = {
    # Krizhevsky et al. 2012, sections 3 and 5: the convolutions with two groups are those whose halves were on two
    # processors. Three pixels on the right and the bottom make 224 the 227 that 55 x 55 positions need; a crop of 227
    # pixels, as Caffe takes, gives the same network. The normalization's alpha is not divided by 5, as Caffe's is.
    "alexnet_2012": partial(
        AlexNet,
        layers=(
            Layer(96, 11, stride=4, padding=(0, 3), normalize=True, pool=3),
            Layer(256, 5, padding=2, groups=2, bias=1.0, normalize=True, pool=3),
            Layer(384, 3, padding=1),
            Layer(384, 3, padding=1, groups=2, bias=1.0),
            Layer(256, 3, padding=1, groups=2, bias=1.0, pool=3),
        ),
        hidden_bias=1.0,
        dropped=(1, 2),
        kernel_init="normal(0.01)",
    ),
    # Krizhevsky 2014, "One weird trick", arXiv:1404.5997, section 5, as in torchvision: no groups, no normalization.
    "alexnet_224": partial(
        AlexNet,
        layers=(
            Layer(64, 11, stride=4, padding=2, pool=3),
            Layer(192, 5, padding=2, pool=3),
            Layer(384, 3, padding=1),
            Layer(256, 3, padding=1),
            Layer(256, 3, padding=1, pool=3),
        ),
    ),
    # The same on 32x32, as in bearpaw/pytorch-classification: pools that do not overlap, and one dense layer.
    "alexnet": partial(
        AlexNet,
        layers=(
            Layer(64, 11, stride=4, padding=5, pool=2),
            Layer(192, 5, padding=2, pool=2),
            Layer(384, 3, padding=1),
            Layer(256, 3, padding=1),
            Layer(256, 3, padding=1, pool=2),
        ),
        hidden=(),
        dropped=(),
        side=29,
    ),
}
