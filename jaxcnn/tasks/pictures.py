"""Images out of images: what the tasks of restoration have in common.

A network sees a spoiled picture and puts out a whole one, in the units in which it sees pictures; the loss compares it
with the picture before it was spoiled. Metrics are those of bytes, beside those of a baseline on the same images.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.augment import Draw
from jaxcnn.tasks import fidelity
from jaxcnn.tasks.task import Setting, Sums, Task, Totals, masked_sum, same

Picture = Callable[[Array], Array]


class Pair(NamedTuple):
    """A picture as it was, and as the network gets it, in 0 ... 255."""

    whole: Array
    given: Array


@dataclass(frozen=True)
class Restoration:
    """What a task of restoration adds to the common part."""

    spoil: Callable[[Draw, Array], Array]
    """(draw, pictures) -> what the network gets; both [B, H, W, C] float32 in 0 ... 255."""
    baselines: Mapping[str, Sequence[Picture]]
    """Name -> ways to get a picture without a network; the best of them on the images of an evaluation counts."""
    shown: Picture | None = None
    """The baseline that a picture of examples shows."""
    prepare: Picture | None = None
    """Pictures as a user has them -> what the network gets, where chance has no part in it."""
    shape_of_input: tuple[int, ...] | None = None
    """Default: the shape of the pictures."""
    where: np.ndarray | None = None
    """[H, W, 1]: the pixels that were lost, if the others are given: only they are judged."""
    channels: int = 0
    """How many channels the network puts out. Default: those of the pictures."""
    join: Callable[[Array, Array], Array] | None = None
    """(pixels of the output, given) -> the picture, if the network says only a part of it."""
    wanted: Callable[[Array], Array] | None = None
    """Pictures -> what the network should put out, in its units, if that is a part of it."""


def charbonnier(error: Array) -> Array:
    """Absolute error with a round tip."""
    return jnp.sqrt(jnp.square(error) + 1e-6)


ERRORS: dict[str, Callable[[Array], Array]] = {
    "squared_error": jnp.square,
    "absolute_error": jnp.abs,
    "charbonnier": charbonnier,
}


def restoration(setting: Setting, name: str, task: Restoration) -> Task:
    """The record of a task of restoration; it answers with pictures [B, H, W, C] uint8."""
    error = setting.choose_loss(name, ERRORS)
    shape = setting.image_shape
    wanted = task.wanted or setting.normalize

    def example(draw: Draw, images: Array, labels: Array) -> tuple[Array, Pair]:
        whole = images.astype(jnp.float32)
        given = task.spoil(draw, whole)
        return given, Pair(whole, given)

    def picture(outputs: Array, given: Array) -> Array:
        outputs = outputs.astype(jnp.float32)
        pixels = task.join(outputs, given) if task.join else setting.denormalize(outputs)
        return pixels if task.where is None else jnp.where(task.where > 0, pixels, given)

    def loss(outputs: Array, pair: Pair) -> Array:
        values = error(outputs.astype(jnp.float32) - wanted(pair.whole))
        if task.where is None:
            return values.mean((1, 2, 3))
        return (values * task.where).mean((1, 2, 3)) / task.where.mean()

    def psnr(pixels: Array, pair: Pair) -> Array:
        return fidelity.psnr(pixels, pair.whole, task.where)

    def sums(outputs: Array, pair: Pair, mask: Array) -> Sums:
        return {"psnr": masked_sum(psnr(picture(outputs, pair.given), pair), mask)}

    def evaluation_sums(outputs: Array, pair: Pair, mask: Array) -> Sums:
        made = {name: [way(pair.given) for way in ways] for name, ways in task.baselines.items()}
        found = {
            f"{name}_psnr": jnp.stack([masked_sum(psnr(each, pair), mask) for each in pictures])
            for name, pictures in made.items()
        }
        if task.where is not None:  # the windows of SSIM would see mostly what was given
            return found
        found["ssim"] = masked_sum(fidelity.ssim(picture(outputs, pair.given), pair.whole), mask)
        return found | {
            f"{name}_ssim": jnp.stack([masked_sum(fidelity.ssim(each, pair.whole), mask) for each in pictures])
            for name, pictures in made.items()
        }

    return Task(
        output_shape=(*shape[:2], task.channels or shape[-1]),
        input_shape=task.shape_of_input or shape,
        loss=loss,
        metric="psnr",
        answer=lambda outputs, given: fidelity.rounded(picture(outputs, given.astype(jnp.float32))).astype(jnp.uint8),
        example=example,
        prepare=task.prepare or same,
        sums=sums,
        evaluation_sums=evaluation_sums,
        summarize=_summarize,
        picture=lambda given, pair, answers: gallery(given, *_shown(task, given), answers, pair.whole),
    )


def _shown(task: Restoration, given: np.ndarray) -> list[Array]:
    return [task.shown(jnp.asarray(given))] if task.shown else []


def _summarize(totals: Totals) -> dict[str, float]:
    names = [name for name in totals if name.endswith(("psnr", "ssim"))]
    ordered = sorted(names, key=lambda name: (name not in ("psnr", "ssim"), name))
    return {name: float(np.max(totals[name]) / max(totals["count"], 1)) for name in ordered}


LARGER = 3
"""How many times a picture of examples is enlarged, for people."""


def gallery(*rows: Any) -> np.ndarray:
    """Rows of pictures [N, h, w, C], the smaller enlarged without smoothing -> one picture [H, W, 3] uint8."""
    pictures = [np.asarray(fidelity.rounded(jnp.asarray(row))).astype(np.uint8) for row in rows]
    side = max(row.shape[1] for row in pictures)
    gap = 2

    def line(row: np.ndarray) -> np.ndarray:
        factor = side // row.shape[1]
        large = np.broadcast_to(
            row.repeat(factor, 1).repeat(factor, 2), (len(row), side, side * row.shape[2] // row.shape[1], 3)
        )
        framed = np.pad(large, ((0, 0), (gap, gap), (gap, gap), (0, 0)), constant_values=255)
        return np.concatenate(list(framed), axis=1)

    return np.concatenate([line(row) for row in pictures]).repeat(LARGER, 0).repeat(LARGER, 1)
