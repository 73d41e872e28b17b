"""Arrays inside `jax.shard_map`, whose types say over which mesh axes they vary."""

import jax
from jax import lax


def alike(*arrays: jax.typing.ArrayLike) -> list[jax.Array]:
    """The arrays, each varying over all axes over which any of them does, as a primitive wants its operands.

    The gradient of one that did not vary is then the sum over these axes, as for JAX's own operations.
    """
    varies = [_axes(array) for array in arrays]
    every = frozenset().union(*varies)
    missing = [tuple(sorted(every - own)) for own in varies]
    return [_cast(array, axes) for array, axes in zip(arrays, missing, strict=True)]


def _cast(array: jax.typing.ArrayLike, axes: tuple[str, ...]) -> jax.Array:
    return lax.pcast(array, axes, to="varying") if axes else array  # type: ignore[return-value]


def _axes(array: jax.typing.ArrayLike) -> frozenset[str]:
    kind = jax.typeof(array)
    return kind.manual_axis_type.varying if hasattr(kind, "manual_axis_type") else kind.vma  # before jax 0.12
