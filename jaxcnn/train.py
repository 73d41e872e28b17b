"""The pure step of training and of evaluation; nothing here has a hidden state.

Both are written for one device's share of the batch under a mapped axis (`jaxcnn.parallel.devices` maps them).
All randomness is `fold_in(key, step)`, so a state at step k is all that a continued training needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jax import Array, lax

from jaxcnn import losses, metrics, rules
from jaxcnn.augment import Augmentation, Draw, tta
from jaxcnn.config import LossConfig
from jaxcnn.layers.norm import frozen_statistics
from jaxcnn.losses import Loss
from jaxcnn.parallel import collectives

Tree = Any
NEVER = jnp.iinfo(jnp.int32).max


class TrainState(NamedTuple):
    """All that changes in a training; a checkpoint is this and no more."""

    step: Array
    key: Array
    params: Tree
    batch_stats: Tree
    opt_state: Tree
    ema: Tree
    """Moving averages of {params, batch_stats}, or None."""
    metrics: Tree
    """Sums since they were last written."""


class DeviceDataset(NamedTuple):
    """The whole data set, resident on the device: a step receives indices into it."""

    images: Array | np.ndarray
    """[N, H, W, C] uint8."""
    labels: Array | np.ndarray
    """[N] int32."""


@dataclass(frozen=True)
class Recipe:
    """What does not change in a training: the pure functions that a step is made of."""

    model: nn.Module
    optimizer: optax.GradientTransformation
    loss: Loss
    penalties: LossConfig
    trainable: Tree
    """Booleans: the parameters whose gradient is computed."""
    optimized: Tree
    """Booleans: those, and the parameters that will train once they are unfrozen."""
    moving: Tree
    """Booleans: the batch statistics that are not frozen."""
    decay_weights: Tree
    augment: Augmentation
    normalize: Callable[[Array], Array]
    steps_per_epoch: int
    axis: str
    grad_accum_steps: int = 1
    ema: float = 0.0
    tta: str = "none"
    total_steps: int = 0
    """What `progress` is a share of, for a model whose call takes it (NASNet's drop-path grows); 0: it takes none."""
    side: int = 0
    """Height and width that images are resized to in training; 0: as they are."""


def no_metrics() -> Tree:
    return metrics.zeros() | {"steps": jnp.float32(0), "gradient_norm": jnp.float32(0), "bad_step": jnp.int32(NEVER)}


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
        metrics=no_metrics(),
    )


def evaluated_variables(state: TrainState) -> Tree:
    """The variables that are evaluated and loaded: the moving averages if there are any."""
    return state.ema if state.ema is not None else {"params": state.params, "batch_stats": state.batch_stats}


def train_step(recipe: Recipe, state: TrainState, pool: DeviceDataset, indices: Array) -> tuple[TrainState, Tree]:
    """One update from the examples `indices` [B / devices] of the pool; also returns the sums of metrics so far."""
    key = jax.random.fold_in(state.key, state.step)
    images, labels = pool.images[indices], pool.labels[indices]
    images, targets = recipe.augment(_draw(recipe, state, key, indices), images, labels)
    images = _resize(recipe.normalize(images), recipe.side)
    dropout_key = jax.random.fold_in(jax.random.fold_in(key, 1), lax.axis_index(recipe.axis))

    trained, frozen = rules.partition(recipe.trainable, state.params)
    options = {"progress": state.step / recipe.total_steps} if recipe.total_steps else {}
    gradient, batch_stats, sums = _gradient(
        recipe, trained, frozen, state.batch_stats, images, targets, dropout_key, options
    )
    gradient, batch_stats = collectives.mean((gradient, batch_stats), recipe.axis)
    batch_stats = _where(recipe.moving, batch_stats, state.batch_stats)
    sums = collectives.total(sums, recipe.axis)

    params, opt_state = _updated(recipe, gradient, state)
    totals = _add_metrics(state, sums, gradient)
    state = TrainState(
        step=state.step + 1,
        key=state.key,
        params=params,
        batch_stats=batch_stats,
        opt_state=opt_state,
        ema=_moving_average(recipe.ema, state.ema, {"params": params, "batch_stats": batch_stats}),
        metrics=totals,
    )
    return state, totals


def _resize(images: Array, side: int) -> Array:
    if side in (0, images.shape[1]):
        return images
    batch, *_, channels = images.shape
    return jax.image.resize(images, (batch, side, side, channels), "linear")


def _updated(recipe: Recipe, gradient: Tree, state: TrainState) -> tuple[Tree, Tree]:
    """New parameters and optimizer state; those that are frozen stay, whatever the optimizer would do to them."""
    optimized, _ = rules.partition(recipe.optimized, state.params)
    gradient = rules.combine(gradient, jax.tree.map(jnp.zeros_like, optimized))
    updates, opt_state = recipe.optimizer.update(gradient, state.opt_state, optimized)
    moved = rules.combine(optax.apply_updates(optimized, updates), state.params)
    return _where(recipe.trainable, moved, state.params), opt_state


def _where(mask: Tree, new: Tree, old: Tree) -> Tree:
    return jax.tree.map(lambda chosen, a, b: a if chosen else b, mask, new, old)


def eval_step(recipe: Recipe, variables: Tree, pool: DeviceDataset, indices: Array, mask: Array) -> metrics.Sums:
    """Sums of metrics over the examples `indices` [B / devices] where `mask` is one."""
    labels = pool.labels[indices]
    logits = tta.logits(recipe.model, variables, recipe.normalize(pool.images[indices]), recipe.tta)
    return collectives.total(metrics.sums(logits, labels, recipe.loss(logits, labels), mask), recipe.axis)


def _draw(recipe: Recipe, state: TrainState, key: Array, indices: Array) -> Draw:
    place = lax.axis_index(recipe.axis) * indices.shape[0] + jnp.arange(indices.shape[0])
    fold = jax.vmap(jax.random.fold_in, in_axes=(None, 0))
    return Draw(
        keys=fold(jax.random.fold_in(key, 0), place),
        image_keys=fold(state.key, indices),
        epoch=state.step // recipe.steps_per_epoch,
        axis=recipe.axis,
    )


def _gradient(
    recipe: Recipe,
    trained: Tree,
    frozen: Tree,
    batch_stats: Tree,
    images: Array,
    targets: Array,
    key: Array,
    options: dict[str, Any],
) -> tuple[Tree, Tree, metrics.Sums]:
    """Gradient of the mean loss, new batch statistics, sums of metrics; in `grad_accum_steps` sequential parts.

    targets [B] or, where examples were mixed, [B, K]: accuracy is then that of the class with the greatest share.
    """
    still = [name.rpartition("/")[0] for name in rules.paths(rules.partition(recipe.moving, batch_stats)[1])]

    def objective(trained: Tree, batch_stats: Tree, images: Array, targets: Array, key: Array):
        params = rules.combine(trained, frozen)
        variables = {"params": params, "batch_stats": batch_stats}
        with frozen_statistics(still):
            output, updated = recipe.model.apply(
                variables, images, train=True, mutable=["batch_stats"], rngs={"dropout": key}, **options
            )
        logits, heads = output if isinstance(output, tuple) else (output, ())
        loss = recipe.loss(logits, targets)
        auxiliary = sum(recipe.model.auxiliary_weight * recipe.loss(head, targets).mean() for head in heads)
        labels = targets if targets.ndim == 1 else targets.argmax(-1)
        penalty = losses.penalty(recipe.penalties, params, recipe.decay_weights)
        return loss.mean() + auxiliary + penalty, (updated.get("batch_stats", {}), metrics.sums(logits, labels, loss))

    differentiate = jax.grad(objective, has_aux=True)
    if recipe.grad_accum_steps == 1:
        gradient, (batch_stats, sums) = differentiate(trained, batch_stats, images, targets, key)
        return gradient, batch_stats, sums

    def part(carry: tuple[Tree, Tree, Tree], inputs: tuple[Array, Array, Array]):
        gradient, batch_stats, sums = carry
        place, images, targets = inputs
        more, (batch_stats, new) = differentiate(trained, batch_stats, images, targets, jax.random.fold_in(key, place))
        return (jax.tree.map(jnp.add, gradient, more), batch_stats, jax.tree.map(jnp.add, sums, new)), None

    def cut(x: Array) -> Array:
        return x.reshape(recipe.grad_accum_steps, -1, *x.shape[1:])

    zero = jax.tree.map(jnp.zeros_like, trained)
    start = (zero, batch_stats, jax.tree.map(jnp.asarray, metrics.zeros()))
    places = jnp.arange(recipe.grad_accum_steps)
    (gradient, batch_stats, sums), _ = lax.scan(part, start, (places, cut(images), cut(targets)))
    return jax.tree.map(lambda g: g / recipe.grad_accum_steps, gradient), batch_stats, sums


def _add_metrics(state: TrainState, sums: metrics.Sums, gradient: Tree) -> Tree:
    bad = ~jnp.isfinite(sums["loss"])
    new = sums | {
        "steps": jnp.float32(1),
        "gradient_norm": optax.tree.norm(gradient),
        "bad_step": jnp.where(bad, state.step, NEVER),
    }
    totals = {name: state.metrics[name] + new[name] for name in new if name != "bad_step"}
    return totals | {"bad_step": jnp.minimum(state.metrics["bad_step"], new["bad_step"])}


def _moving_average(decay: float, ema: Tree, variables: Tree) -> Tree:
    if ema is None:
        return None
    # In this form, and not decay * old + (1 - decay) * new, an average of what is frozen does not move by a bit.
    return jax.tree.map(lambda old, new: old + (1 - decay) * (new - old), ema, variables)
