"""Batch normalisation that is the same on one device and on many, and the normalisations that need no batch."""

import math
from collections.abc import Callable

import jax
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup

AXIS = "batch"
"""Name of the mapped axis along which a global batch is split."""


class BatchNorm(nn.BatchNorm):
    """Batch normalisation whose statistics are those of the whole batch, wherever its parts lie.

    Inside a map (`pmap`, `shard_map`, `vmap`) over an axis named `AXIS` the statistics are averaged over that
    axis. Outside, or under any other name, each part has its own. So a model carries no axis name, and the code
    that maps it chooses: name the axis `AXIS` to synchronise, anything else for per-device statistics.

    Shapes: [..., channel] -> the same; one mean and variance a channel, in float32 whatever `dtype` is.
    Conventions: `momentum` is the share of the old running value that is kept, 1 - PyTorch's (0.9 here is 0.1
    there); the running variance is the biased one, divided by n, where PyTorch stores n - 1.
    Source: Ioffe and Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2.
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        # Flax binds a module by cloning it, so this runs anew in each trace, inside whatever map is around it.
        if self.axis_name in (None, AXIS):
            self.axis_name = AXIS if _is_bound(AXIS) else None
        super().__post_init__()


def _is_bound(axis: str) -> bool:
    try:
        jax.lax.axis_size(axis)
    except NameError:
        return False
    return True


def normalization(name: str, x: jax.Array, train: bool, affine: bool, dtype: DTypeLike) -> jax.Array:
    """`x` after a new layer of NORMS, with a learned scale and shift if `affine`; for use in a compact method.

    [..., channel] -> the same. UserError for an unknown name.
    """
    return lookup(NORMS, name, "norm")(x, train, use_scale=affine, use_bias=affine, dtype=dtype)


NORMS: dict[str, Callable[..., jax.Array]] = {
    "none": lambda x, train, **_: x,
    "batch": lambda x, train, **options: BatchNorm(use_running_average=not train, **options)(x),
    # Wu and He 2018, arXiv:1803.08494; their 32 groups suit hundreds of channels.
    "group": lambda x, train, **options: nn.GroupNorm(math.gcd(8, x.shape[-1]), **options)(x),
    # Ba et al. 2016, arXiv:1607.06450: over all of an example, as one group is; Flax's own is over its channels alone.
    "layer": lambda x, train, **options: nn.GroupNorm(1, **options)(x),
}
