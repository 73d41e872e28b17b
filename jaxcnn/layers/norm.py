"""Batch normalisation that is the same on one device and on many."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import jax
from flax import linen as nn

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


@contextmanager
def frozen_statistics(layers: Collection[str]) -> Iterator[None]:
    """Inside, the batch norms of these paths (`block_1/BatchNorm_0`) normalise by their running statistics.

    A model is called with `train=True` as always; statistics of the layers that are named stay as they are.
    """

    def still(call: Callable[..., Any], args: Any, kwargs: Any, context: nn.module.InterceptorContext) -> Any:
        module = context.module
        if not isinstance(module, nn.BatchNorm) or module.use_running_average or "/".join(module.path) not in layers:
            return call(*args, **kwargs)
        return module.clone(parent=module.scope, use_running_average=True)(*args, **kwargs)

    with nn.intercept_methods(still):
        yield


def _is_bound(axis: str) -> bool:
    try:
        jax.lax.axis_size(axis)
    except NameError:
        return False
    return True
