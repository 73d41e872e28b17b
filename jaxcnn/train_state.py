"""What a training is: its state, which changes, and its recipe, which does not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from jax import Array

from jaxcnn import rules
from jaxcnn.augment import Augmentation
from jaxcnn.config import LossConfig
from jaxcnn.tasks import Task
from jaxcnn.types import Tree

NEVER = jnp.iinfo(jnp.int32).max


class TrainState(NamedTuple):
    """Everything that changes during training; a checkpoint is exactly this."""

    step: Array
    key: Array
    params: Tree
    batch_stats: Tree
    opt_state: Tree
    ema: Tree
    """Exponential moving averages of {params, batch_stats}, or None."""
    metrics: Tree
    """Sums since they were last logged."""


class DeviceDataset(NamedTuple):
    """The whole data set, resident on the device: a step receives indices into it."""

    images: Any
    """[N, H, W, C] uint8; None if each batch is streamed."""
    labels: Any
    """[N] int32, or [N, classes]."""
    teacher: Tree = None
    """The variables of the teacher, if there is one."""


class Streamed(NamedTuple):
    """Examples that are not resident on the device: what a step receives instead of indices."""

    images: Any
    """[B, H, W, C] uint8."""
    labels: Any
    indices: Any
    """[B], in the data set."""


def taken(data: DeviceDataset, chosen: Array | Streamed) -> Streamed:
    """The examples of a batch, wherever they are."""
    if isinstance(chosen, Streamed):
        return chosen
    return Streamed(data.images[chosen], data.labels[chosen], chosen)


@dataclass(frozen=True)
class Recipe:
    """Everything that does not change during training: the pure functions that a step is made of."""

    model: nn.Module
    optimizer: optax.GradientTransformation
    task: Task
    penalties: LossConfig
    trainable: Tree
    """Booleans: parameters whose gradient is computed."""
    optimized: Tree
    """Booleans: these and the parameters that train once they are unfrozen."""
    moving: Tree
    """Booleans: batch statistics that are not frozen."""
    decay_weights: Tree
    empty_sums: Tree
    """What the sums of metrics start from."""
    augment: Augmentation
    normalize: Callable[[Array], Array]
    steps_per_epoch: int
    axis: str
    grad_accum_steps: int = 1
    ema: float = 0.0
    tta: str = "none"
    total_steps: int = 0
    """For a model called with `progress` (NASNet's drop-path rate grows): the steps of the run; 0: for others."""
    teach: Callable[[Tree, Array, Tree], Tree] | None = None
    """(variables of the teacher, inputs, targets) -> targets with the teacher's answers; None without a teacher."""
    adversarial: float = 0.0
    """Gray levels by which training images are changed against the network; 0: they are not."""
    train_image_size: int = 0
    """Pixels of the shorter side that training images are resized to; 0: not resized."""


def no_metrics(recipe: Recipe) -> Tree:
    return recipe.empty_sums | {"steps": jnp.float32(0), "gradient_norm": jnp.float32(0), "bad_step": jnp.int32(NEVER)}


def initial_variables(model: nn.Module, key: Array, image_shape: tuple[int, ...]) -> Tree:
    """{"params", "batch_stats"} of a fresh model; pure in `key`."""
    variables = model.init(key, jnp.zeros((1, *image_shape), jnp.float32), train=False)
    return {"params": variables["params"], "batch_stats": variables.get("batch_stats", {})}


def initial_state(recipe: Recipe, variables: Tree, key: Array) -> TrainState:
    optimized, _ = rules.partition(recipe.optimized, variables["params"])
    return TrainState(
        step=jnp.int32(0),
        key=key,
        params=variables["params"],
        batch_stats=variables["batch_stats"],
        opt_state=recipe.optimizer.init(optimized),
        ema=jax.tree.map(jnp.copy, variables) if recipe.ema else None,
        metrics=no_metrics(recipe),
    )


def evaluated_variables(state: TrainState) -> Tree:
    """The variables to evaluate and load: the moving averages if the state has any."""
    return state.ema if state.ema is not None else {"params": state.params, "batch_stats": state.batch_stats}
