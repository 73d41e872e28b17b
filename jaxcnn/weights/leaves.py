"""The leaves of a model."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.traverse_util import flatten_dict


def shapes(model: nn.Module, image_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """`params/stem/conv/kernel` -> its shape, of every leaf, in the order in which the model first uses them.

    Raises: UserError if the model does not take such images.
    """
    seen: dict[str, tuple[int, ...]] = {}

    def init(images: jax.Array) -> None:
        variables = model.init(jax.random.key(0), images, train=False)
        for collection in ("params", "batch_stats"):  # their dicts are in order here; a tree that is returned is sorted
            leaves: dict[str, Any] = flatten_dict(variables.get(collection, {}), sep="/")
            seen.update({f"{collection}/{path}": leaf.shape for path, leaf in leaves.items()})

    jax.eval_shape(init, jax.ShapeDtypeStruct((1, *image_shape), jnp.float32))
    return seen
