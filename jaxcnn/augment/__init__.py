"""Augmentations: pure functions (draw, images) -> images, composed by name, run inside the compiled step.

Images are [B, H, W, C] in 0 ... 255, uint8 until a function needs fractions. To add an augmentation, write a function
whose keyword arguments are its options and add it to AUGMENTATIONS, or to MIXTURES if it mixes examples.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from jaxcnn import specs
from jaxcnn.augment.color import brightness, contrast, lighting
from jaxcnn.augment.draw import Draw
from jaxcnn.augment.mixing import Mixed, cutmix, mixup
from jaxcnn.augment.rand_augment import randaugment
from jaxcnn.augment.spatial import alternating_flip, crop, cutout, flip, translate
from jaxcnn.augment.warp import elastic, multi_scale_crop, rotation, shear, stretch
from jaxcnn.seeds import key_of

__all__ = ["AUGMENTATIONS", "MIXTURES", "Augmentation", "Draw", "build", "check", "translate"]

Augmentation = Callable[[Draw, Array, Array], tuple[Array, Array]]
"""(draw, images, labels [B]) -> images, targets: the labels or, for mixed examples, distributions [B, K]."""

AUGMENTATIONS: dict[str, Callable[..., Array]] = {
    "crop": crop,
    "flip": flip,
    "alternating_flip": alternating_flip,
    "cutout": cutout,
    "brightness": brightness,
    "contrast": contrast,
    "lighting": lighting,
    "stretch": stretch,
    "rotation": rotation,
    "shear": shear,
    "elastic": elastic,
    "multi_scale_crop": multi_scale_crop,
    "randaugment": randaugment,
}
MIXTURES: dict[str, Callable[..., Mixed]] = {
    "mixup": mixup,
    "cutmix": cutmix,
}


def build(chain: Sequence[str], classes: int) -> Augmentation:
    """The augmentations of `chain`, such as ("crop:padding=4", "flip"), one after the other.

    Raises: UserError for an unknown name or option.
    """
    parts = [_part(*specs.parse(spec)) for spec in chain]
    mixes = any(specs.parse(spec)[0] in MIXTURES for spec in chain)

    def augment(draw: Draw, images: Array, labels: Array) -> tuple[Array, Array]:
        targets = jax.nn.one_hot(labels, classes) if mixes else labels
        for index, part in enumerate(parts):
            images, targets = part(draw.fold_in(index), images, targets)
        return images, targets

    return augment


def _part(name: str, options: Mapping[str, Any]) -> Augmentation:
    known: dict[str, Callable[..., Any]] = {**AUGMENTATIONS, **MIXTURES}
    bound = specs.bind(known, name, options, "augmentation")

    def unmixed(draw: Draw, images: Array, targets: Array) -> tuple[Array, Array]:
        return bound(draw, images), targets

    def mixed(draw: Draw, images: Array, targets: Array) -> tuple[Array, Array]:
        images, weight = bound(draw, images)
        return images, weight[:, None] * targets + (1 - weight[:, None]) * draw.partner(targets)

    return mixed if name in MIXTURES else unmixed


def check(augmentation: Augmentation, image_shape: tuple[int, ...]) -> None:
    """Traces the chain for images of this shape.

    Raises: UserError for an option that does not fit them.
    """

    def one_image() -> tuple[Array, Array]:
        keys = jax.random.split(key_of(0), 1)
        return augmentation(
            Draw(keys, keys, jnp.int32(0)), jnp.zeros((1, *image_shape), jnp.uint8), jnp.zeros(1, jnp.int32)
        )

    jax.eval_shape(one_image)
