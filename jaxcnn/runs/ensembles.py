"""Several networks as one: the average of their probabilities, or of one network's under dropout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from jaxcnn.data.preprocess import normalizer
from jaxcnn.errors import UserError
from jaxcnn.models.trace import around_calls, calls
from jaxcnn.runs.load import Run, load
from jaxcnn.seeds import key_of

SAMPLED = 500
"""Images at a time under dropout, which share a key."""


@dataclass(frozen=True)
class Ensemble:
    """Runs that predict together; `len(ensemble)` is how many."""

    members: tuple[Run, ...]

    def __len__(self) -> int:
        return len(self.members)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """uint8 images [N, H, W, C] -> the mean of the members' class probabilities [N, classes], float32."""
        return np.mean([member.predict(images) for member in self.members], axis=0)


def ensemble(members: Sequence[str | Path | Run]) -> Ensemble:
    """Runs, or the folders of runs, whose probabilities are averaged.

    Raises: UserError for no members, for folders that are not runs, and for runs with different classes.
    Source: Krizhevsky, Sutskever and Hinton 2012, section 7 (the mean of seven networks).
    """
    runs = tuple(member if isinstance(member, Run) else load(member) for member in members)
    if not runs:
        raise UserError("an ensemble needs at least one run: ensemble(['runs/a', 'runs/b'])")
    first = runs[0].data
    for run in runs:
        if not run.task.averages_views:
            raise UserError(f"an ensemble averages class probabilities, and {run.path} has the task {run.config.task}")
    for run in runs:
        if (run.data.label_names, run.data.image_shape) != (first.label_names, first.image_shape):
            raise UserError(
                f"the runs of an ensemble must have the same classes: {runs[0].path} has "
                f"{', '.join(first.label_names)} and {run.path} has {', '.join(run.data.label_names)}"
            )
    return Ensemble(runs)


def monte_carlo(run: Run, images: np.ndarray, samples: int, seed: int = 0) -> np.ndarray:
    """The class probabilities of `samples` sub-networks that dropout leaves: [samples, N, classes], float32.

    Everything but dropout is as in evaluation. Raises: UserError for a network without dropout.
    Source: Gal and Ghahramani 2016, arXiv:1506.02142, section 4.
    """
    shape = (1, *run.data.image_shape)
    if not _drops(lambda: run.model.apply(run.variables, jnp.zeros(shape), train=False, rngs={"dropout": KEY})):
        raise UserError(f"the network in {run.path} ({run.config.model}) has no dropout: nothing would be drawn")

    @jax.jit
    def sample(key: jax.Array, batch: jax.Array) -> jax.Array:
        normalized = normalizer(run.config, run.data)(batch)
        with around_calls(_drop):
            logits: Any = run.model.apply(run.variables, normalized, train=False, rngs={"dropout": key})
        return run.task.answer(logits, batch)

    def draw(place: int) -> np.ndarray:
        key = jax.random.fold_in(key_of(seed), place)
        starts = range(0, len(images), SAMPLED)
        parts = [sample(jax.random.fold_in(key, start), images[start : start + SAMPLED]) for start in starts]
        return np.concatenate(parts)

    return np.stack([draw(place) for place in range(samples)])


KEY = key_of(0)


def _drop(layer: nn.Module, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Dropout layers drop, whatever they were told; they hold their own rng and rate."""
    if not isinstance(layer, nn.Dropout) or not layer.rate:
        return call(*args, **kwargs)
    (x,) = args
    shape = [1 if axis in layer.broadcast_dims else size for axis, size in enumerate(x.shape)]
    kept = jax.random.bernoulli(layer.make_rng(layer.rng_collection), 1 - layer.rate, shape)
    return jnp.where(kept, x / (1 - layer.rate), 0)


def _drops(apply: Callable[[], Any]) -> bool:
    """Whether a layer of dropout with a rate is called."""
    found = calls(jax.eval_shape, apply)
    return any(isinstance(call.module, nn.Dropout) and call.module.rate > 0 for call in found)
