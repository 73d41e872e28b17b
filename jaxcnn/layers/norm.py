"""Batch normalization that is the same on one device and on many, and the normalizations that need no batch."""

import math
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.ops.moments import moments, scale_and_shift

AXIS = "batch"
"""Name of the mapped axis along which a global batch is split."""


class BatchNorm(nn.Module):
    """Batch normalization whose statistics are those of the whole batch, wherever its parts lie.

    Inside a map (`pmap`, `vmap`) over an axis named `AXIS` the statistics are averaged over that axis. Outside, or
    under any other name, each part has its own. So a model carries no axis name, and the code that maps it chooses:
    name the axis `AXIS` to synchronize, anything else for per-device statistics.

    Shapes: [..., channel] -> the same; one mean and variance a channel. The variables are those of
    `flax.linen.BatchNorm`, in float32 for any `dtype`; what is computed from float64 is float64.
    Conventions: `momentum` is the fraction of the old running value that is kept, 1 - PyTorch's (0.9 here is 0.1
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
        ones, zeros = jnp.ones(channels, jnp.float32), jnp.zeros(channels, jnp.float32)
        scale = self.param("scale", self.scale_init, channels, jnp.float32) if self.use_scale else ones
        bias = self.param("bias", self.bias_init, channels, jnp.float32) if self.use_bias else zeros
        if self.use_running_average:
            return _normalize(x, mean.value, variance.value, scale, bias, self.epsilon)
        first, second = jax.lax.pmean(moments(x), AXIS) if _is_shared(AXIS) else moments(x)
        spread = jnp.maximum(second - first * first, 0)
        if not self.is_initializing():
            for running, now in ((mean, first), (variance, spread)):
                new = self.momentum * running.value + (1 - self.momentum) * now
                running.value = new.astype(jnp.float32)
        return _normalize(x, first, spread, scale, bias, self.epsilon)


def _normalize(
    x: jax.Array, mean: jax.Array, variance: jax.Array, scale: jax.Array, bias: jax.Array, epsilon: float
) -> jax.Array:
    factor = scale * jax.lax.rsqrt(variance + epsilon)
    return scale_and_shift(x, factor, bias - mean * factor)


@contextmanager
def frozen_statistics(layers: Collection[str]) -> Iterator[None]:
    """Inside, the batch norms of these paths (`stage1_block1/norm1`) normalize by their running statistics.

    A model is called with `train=True` as always; statistics of the layers that are named stay as they are.
    """

    def still(call: Callable[..., Any], args: Any, kwargs: Any, context: nn.module.InterceptorContext) -> Any:
        module = context.module
        if not isinstance(module, BatchNorm) or module.use_running_average or "/".join(module.path) not in layers:
            return call(*args, **kwargs)
        return module.clone(parent=module.scope, use_running_average=True)(*args, **kwargs)

    with nn.intercept_methods(still):
        yield


def _is_shared(axis: str) -> bool:
    """Whether `axis` is mapped over more than one part; of one XLA would still make a copy."""
    try:
        return jax.lax.axis_size(axis) > 1
    except NameError:
        return False


def normalization(kind: str, x: jax.Array, train: bool, affine: bool, dtype: DTypeLike, name: str) -> jax.Array:
    """`x` after a new layer of NORMS, with a learned scale and shift if `affine`; for use in a compact method.

    [..., channel] -> the same; the parameters are `name`. UserError for an unknown kind.
    """
    return lookup(NORMS, kind, "norm")(x, train, use_scale=affine, use_bias=affine, dtype=dtype, name=name)


NORMS: dict[str, Callable[..., jax.Array]] = {
    "none": lambda x, train, **_: x,
    "batch": lambda x, train, **options: BatchNorm(use_running_average=not train, **options)(x),
    # Wu and He 2018, arXiv:1803.08494; their 32 groups suit hundreds of channels.
    "group": lambda x, train, **options: nn.GroupNorm(math.gcd(8, x.shape[-1]), **options)(x),
    # Ba et al. 2016, arXiv:1607.06450: over a whole example, like one group; Flax's own is over only its channels.
    "layer": lambda x, train, **options: nn.GroupNorm(1, **options)(x),
}
