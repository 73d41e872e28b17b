"""A number: how far was this picture turned?

Each image is turned by a random angle about its center, bilinearly, and masked by a disc, because the corners of a
turned square give the angle away. Three heads say the angle: one number of degrees, which jumps at the half turn;
(cosine, sine), which does not (Zhou et al. 2019, arXiv:1812.07035); or classes of ten degrees.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from jaxcnn.augment import Draw
from jaxcnn.augment.warp import affine, grid, matrices
from jaxcnn.errors import UserError, lookup
from jaxcnn.tasks.task import Loss, Setting, Sums, Task, Totals, masked_sum

CLASSES = 36
HUBER = 0.5
"""Where Huber's loss turns from squared to absolute; in half turns, or in the length of the vector."""
NORMAL_QUANTILES = {"interval_50": 0.674490, "interval_90": 1.644854}
"""Half the width of a normal distribution's central interval, in standard deviations."""


def rotation(setting: Setting, *, head: str = "vector", degrees: float = 180.0) -> Task:
    """The angle by which a picture was turned, in +-`degrees`; it answers in degrees [B].

    Options:
        head: `degrees` (one number), `vector` (cosine, sine), `classes` (36) or `normal` (a number and the logarithm
            of its variance; Kendall and Gal 2017, arXiv:1703.04977).
        degrees: the largest turn to either side; 180 is any.
    """
    height, width, _ = setting.image_shape
    if height != width:
        raise UserError(f"the task rotation needs square images, not {height} x {width}")
    if not 0 < degrees <= 180:
        raise UserError(f"rotation:degrees is the largest turn, above 0 and at most 180, not {degrees}")
    kind = lookup(HEADS, head, "head of the task rotation")
    background = setting.denormalize(jnp.zeros(setting.image_shape[-1]))

    def example(draw: Draw, images: Array, labels: Array) -> tuple[Array, Array]:
        angles = draw.uniform(-degrees, degrees).reshape(-1)
        return turned(images, angles, background), angles

    return Task(
        output_shape=(kind.outputs,),
        input_shape=setting.image_shape,
        loss=setting.choose_loss(f"rotation:head={head}", kind.losses),
        metric="angular_error",
        higher_is_better=False,
        answer=lambda outputs, _: kind.degrees(outputs.astype(jnp.float32)),
        example=example,
        prepare=lambda images: turned(images, jnp.zeros(len(images)), background),
        sums=partial(_sums, kind),
        summarize=_summarize,
        measure=lambda outputs, angles: _median(kind, outputs, angles),
    )


def turned(images: Array, degrees: Array, background: Array) -> Array:
    """Images turned about their center by `degrees` [B] counterclockwise, `background` [C] outside of a disc."""
    angle = jnp.deg2rad(degrees)
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    moved = affine(images, matrices(cosine, sine, -sine, cosine), jnp.zeros((len(images), 2)), "edge")
    rows, columns = grid(images)
    disc = rows**2 + columns**2 <= ((images.shape[1] - 1) / 2) ** 2
    return jnp.where(disc[..., None], moved, background)


def angular_error(a: Array, b: Array) -> Array:
    """The angle between two directions, in degrees: 0 ... 180."""
    return jnp.abs((a - b + 180) % 360 - 180)


@dataclass(frozen=True)
class Head:
    """How a network says an angle."""

    outputs: int
    degrees: Callable[[Array], Array]
    """outputs [B, outputs] -> degrees [B]."""
    losses: dict[str, Loss]


def _distance(error: Callable[[Array], Array], wanted: Callable[[Array], Array]) -> Loss:
    return lambda outputs, angles: error(outputs.astype(jnp.float32) - wanted(angles)).mean(-1)


def _of_distance(wanted: Callable[[Array], Array]) -> dict[str, Loss]:
    errors = {
        "squared_error": jnp.square,
        "absolute_error": jnp.abs,
        "huber": partial(optax.losses.huber_loss, delta=HUBER),
    }
    return {name: _distance(error, wanted) for name, error in errors.items()}


def _vector(angles: Array) -> Array:
    angle = jnp.deg2rad(angles)
    return jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=-1)


def _classes(angles: Array) -> Array:
    """The class whose middle is nearest."""
    return jnp.round(angles / (360 / CLASSES)).astype(jnp.int32) % CLASSES


def cross_entropy(outputs: Array, angles: Array) -> Array:
    return optax.softmax_cross_entropy_with_integer_labels(outputs.astype(jnp.float32), _classes(angles))


def normal_likelihood(outputs: Array, angles: Array) -> Array:
    """The negative log-likelihood of the angle, in half turns, under a normal distribution."""
    mean, log_variance = jnp.moveaxis(outputs.astype(jnp.float32), -1, 0)
    squares = jnp.square(angles / 180 - mean) * jnp.exp(-log_variance)
    return 0.5 * (squares + log_variance + math.log(2 * math.pi))


HEADS = {
    "vector": Head(2, lambda x: jnp.rad2deg(jnp.arctan2(x[:, 1], x[:, 0])), _of_distance(_vector)),
    "degrees": Head(1, lambda x: 180 * x[:, 0], _of_distance(lambda angles: angles[:, None] / 180)),
    "classes": Head(CLASSES, lambda x: x.argmax(-1) * (360 / CLASSES), {"cross_entropy": cross_entropy}),
    "normal": Head(2, lambda x: 180 * x[:, 0], {"normal_likelihood": normal_likelihood}),
}


def _sums(head: Head, outputs: Array, angles: Array, mask: Array) -> Sums:
    outputs = outputs.astype(jnp.float32)
    error = angular_error(head.degrees(outputs), angles)
    sums = {"error": masked_sum(error, mask), "near": masked_sum((error <= 15).astype(jnp.float32), mask)}
    if head is not HEADS["normal"]:
        return sums
    deviations = jnp.abs(angles / 180 - outputs[:, 0]) * jnp.exp(-outputs[:, 1] / 2)
    inside = {name: (deviations <= quantile).astype(jnp.float32) for name, quantile in NORMAL_QUANTILES.items()}
    return sums | {name: masked_sum(share, mask) for name, share in inside.items()}


def _summarize(totals: Totals) -> dict[str, float]:
    count = max(totals["count"], 1)
    found = {"angular_error": totals["error"] / count, "within_15_degrees": totals["near"] / count}
    intervals = {name: totals[name] / count for name in NORMAL_QUANTILES if name in totals}
    return {name: float(value) for name, value in (found | intervals).items()}


def _median(head: Head, outputs: np.ndarray, angles: Any) -> dict[str, float]:
    error = angular_error(head.degrees(jnp.asarray(outputs, jnp.float32)), jnp.asarray(angles))
    return {"median_angular_error": float(np.median(error))}
