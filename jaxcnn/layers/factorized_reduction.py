"""Halving an image without losing pixels: two 1x1 convolutions of stride 2, one of them a pixel further."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import linen as nn


class FactorizedReduction(nn.Module):
    """Half of the features from the even pixels, half from the odd ones, normalized: [B, H, W, C] -> [B, H/2, W/2, F].

    Odd sides are rounded up, and the pixels beyond the edge are zero. The parameters are `even`, `odd` and `norm`.
    Source: `factorized_reduction` of the NASNet code (Zoph et al. 2018, arXiv:1707.07012, appendix A.4).
    """

    features: int
    conv: Callable[..., nn.Module]
    norm: Callable[..., nn.Module]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shifted = jnp.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))[:, 1:, 1:]
        half = self.features // 2
        even = self.conv(half, kernel_size=(1, 1), name="even")(x[:, ::2, ::2])
        odd = self.conv(self.features - half, kernel_size=(1, 1), name="odd")(shifted[:, ::2, ::2])
        return self.norm(name="norm")(jnp.concatenate([even, odd], axis=-1))
