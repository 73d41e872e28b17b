"""Test-time augmentation: the views of an image whose logits are averaged in every evaluation."""

from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax import Array, lax

from jaxcnn.augment import translate

Weighted = list[tuple[float, Array]]


def none(images: Array) -> Weighted:
    return [(1.0, images)]


def flip(images: Array) -> Weighted:
    return [(0.5, images), (0.5, images[:, :, ::-1])]


def flip_translate(images: Array) -> Weighted:
    """Half the flip pair, half the flip pairs of two diagonal shifts by one pixel (Jordan 2024, airbench)."""
    views = [(weight / 2, view) for weight, view in flip(images)]
    for pixels in (-1, 1):
        shifted = translate(images, jnp.full((len(images), 2), pixels), 1, "reflect")
        views += [(weight / 4, view) for weight, view in flip(shifted)]
    return views


TTA: dict[str, Callable[[Array], Weighted]] = {"none": none, "flip": flip, "flip_translate": flip_translate}


def outputs(model: nn.Module, variables: Any, images: Array, name: str) -> Array:
    """What `model` puts out [B, ...] for images [B, H, W, C] in evaluation, averaged over their views."""

    def look(view: Array) -> Array:
        return cast(jax.Array, model.apply(variables, view, train=False))

    total: Array = jnp.float32(0)
    for weight, view in TTA[name](images):
        # One view after the other, so that they do not need memory for all at once.
        view, total = lax.optimization_barrier((view, total))
        total += weight * look(view)
    return total
