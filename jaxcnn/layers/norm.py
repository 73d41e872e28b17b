"""Batch normalisation that is the same on one device and on many."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxcnn.layers.moments import moments, scale_and_shift

AXIS = "batch"
"""Name of the mapped axis along which a global batch is split."""


class BatchNorm(nn.Module):
    """Batch normalisation whose statistics are those of the whole batch, wherever its parts lie.

    Inside a map (`pmap`, `vmap`) over an axis named `AXIS` the statistics are averaged over that axis. Outside, or
    under any other name, each part has its own. So a model carries no axis name, and the code that maps it chooses:
    name the axis `AXIS` to synchronise, anything else for per-device statistics.

    Shapes: [..., channel] -> the same; one mean and variance a channel, in float32 whatever `dtype` is. Variables as
    `flax.linen.BatchNorm`'s.
    Conventions: `momentum` is the share of the old running value that is kept, 1 - PyTorch's (0.9 here is 0.1
    there); the running variance is the biased one, divided by n, where PyTorch stores n - 1.
    Source: Ioffe and Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2.
    """

    use_running_average: bool
    momentum: float = 0.9
    epsilon: float = 1e-5
    use_scale: bool = True
    use_bias: bool = True
    scale_init: nn.initializers.Initializer = nn.initializers.ones
    bias_init: nn.initializers.Initializer = nn.initializers.zeros
    dtype: Any = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        channels = (x.shape[-1],)
        x = x.astype(self.dtype or x.dtype)
        mean = self.variable("batch_stats", "mean", jnp.zeros, channels, jnp.float32)
        variance = self.variable("batch_stats", "var", jnp.ones, channels, jnp.float32)
        scale = self.param("scale", self.scale_init, channels) if self.use_scale else jnp.ones(channels)
        bias = self.param("bias", self.bias_init, channels) if self.use_bias else jnp.zeros(channels)
        if self.use_running_average:
            return _normalize(x, mean.value, variance.value, scale, bias, self.epsilon)
        first, second = jax.lax.pmean(moments(x), AXIS) if _is_bound(AXIS) else moments(x)
        spread = jnp.maximum(second - first * first, 0)
        if not self.is_initializing():
            for running, now in ((mean, first), (variance, spread)):
                running.value = self.momentum * running.value + (1 - self.momentum) * now
        return _normalize(x, first, spread, scale, bias, self.epsilon)


def _normalize(
    x: jax.Array, mean: jax.Array, variance: jax.Array, scale: jax.Array, bias: jax.Array, epsilon: float
) -> jax.Array:
    factor = scale * jax.lax.rsqrt(variance + epsilon)
    return scale_and_shift(x, factor, bias - mean * factor)


def _is_bound(axis: str) -> bool:
    try:
        jax.lax.axis_size(axis)
    except NameError:
        return False
    return True
