"""Squeeze-and-excitation: an image decides, from the average of each channel, how much of each channel to keep."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers.activations import activation
from jaxcnn.layers.initializers import initializer


class SqueezeExcite(nn.Module):
    """Scale each channel by a gate computed from the averages of all: [B, H, W, C] -> [B, H, W, C].

    Average over the image, 1x1 convolution to `reduced` channels, `activation`, 1x1 convolution back, `gate`;
    both convolutions have a bias. The parameters are `reduce` and `expand`. UserError for an unknown name.
    Source: Hu et al. 2018, arXiv:1709.01507, section 3; with relu and hard_sigmoid in MobileNet v3 (Howard et al.
    2019, arXiv:1905.02244, section 5.3), with silu in EfficientNet.
    """

    reduced: int
    activation: str = "relu"
    gate: str = "sigmoid"
    kernel_init: str = "torch_uniform"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel_init = initializer(self.kernel_init)
        mean = x.mean(axis=(1, 2), keepdims=True)
        reduced = nn.Conv(self.reduced, (1, 1), dtype=self.dtype, kernel_init=kernel_init, name="reduce")(mean)
        expand = nn.Conv(x.shape[-1], (1, 1), dtype=self.dtype, kernel_init=kernel_init, name="expand")
        return x * activation(self.gate)(expand(activation(self.activation)(reduced)))
