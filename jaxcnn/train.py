"""The pure step of training and of evaluation; nothing here has a hidden state.

Both are written for one device's part of the batch under a mapped axis (`jaxcnn.parallel.devices` maps them).
All randomness is `fold_in(key, step)`, so a state at step k is all that a continued training needs.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from jaxcnn import adversarial, averaging, losses, rules
from jaxcnn.augment import Draw, tta
from jaxcnn.data.preprocess import scaled
from jaxcnn.layers.norm import frozen_statistics
from jaxcnn.parallel import collectives
from jaxcnn.seeds import key_of
from jaxcnn.tasks.task import Sums, batch_sums
from jaxcnn.train_state import NEVER, DeviceDataset, Recipe, Streamed, TrainState, taken
from jaxcnn.types import Tree

TASK_DRAW = 1000
"""Far from the places of augmentations in a chain, so that a task draws numbers of its own."""


def train_step(
    recipe: Recipe, state: TrainState, data: DeviceDataset, chosen: Array | Streamed
) -> tuple[TrainState, Tree]:
    """One update from the examples `chosen` [B / devices]; also returns the sums of metrics so far."""
    key = jax.random.fold_in(state.key, state.step)
    images, labels, indices = taken(data, chosen)
    inputs, targets = _examples(recipe, _draw(recipe, state, key, indices), images, labels)
    if recipe.teach:
        targets = recipe.teach(data.teacher, inputs, targets)
    dropout_key = jax.random.fold_in(jax.random.fold_in(key, 1), lax.axis_index(recipe.axis))

    trained, frozen = rules.partition(recipe.trainable, state.params)
    progress = state.step / recipe.total_steps if recipe.total_steps else None
    objective = partial(loss_and_metrics, recipe, frozen, progress)
    prepare = partial(_prepared, recipe)
    if recipe.adversarial:

        def loss_of(images: Array) -> Array:
            return objective(trained, state.batch_stats, prepare(images), targets, dropout_key)[0]

        keys = _keys(jax.random.fold_in(key, 2), len(inputs), recipe.axis)
        inputs = adversarial.fgsm(loss_of, inputs, recipe.adversarial, keys)
    inputs = prepare(inputs)
    grad_fn = jax.grad(objective, has_aux=True)
    gradient, batch_stats, sums = accumulate(
        grad_fn, recipe.grad_accum_steps, recipe.empty_sums, trained, state.batch_stats, inputs, targets, dropout_key
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
        ema=averaging.moving_average(recipe.ema, state.step, state.ema, {"params": params, "batch_stats": batch_stats}),
        metrics=totals,
    )
    return state, totals


def loss_and_metrics(
    recipe: Recipe,
    frozen: Tree,
    progress: Array | None,
    trained: Tree,
    batch_stats: Tree,
    inputs: Array,
    targets: Tree,
    key: Array,
) -> tuple[Array, tuple[Tree, Sums]]:
    """The objective of a batch, with its new batch statistics and sums of metrics."""
    params = rules.combine(trained, frozen)
    fixed = [name.rpartition("/")[0] for name in rules.paths(rules.partition(recipe.moving, batch_stats)[1])]
    options: dict[str, Any] = {} if progress is None else {"progress": progress}
    with frozen_statistics(fixed):
        output, updated = recipe.model.apply(
            {"params": params, "batch_stats": batch_stats},
            inputs,
            train=True,
            mutable=["batch_stats"],
            rngs={"dropout": key},
            **options,
        )
    outputs, heads = output if isinstance(output, tuple) else (output, ())
    loss = recipe.task.loss(outputs, targets)
    auxiliary = sum(recipe.model.auxiliary_weight * recipe.task.loss(head, targets).mean() for head in heads)
    penalty = losses.penalty(recipe.penalties, params, recipe.decay_weights)
    sums = batch_sums(recipe.task, outputs, targets, loss)
    return loss.mean() + auxiliary + penalty, (updated.get("batch_stats", {}), sums)


def accumulate(
    grad_fn: Callable[..., tuple[Tree, tuple[Tree, Sums]]],
    parts: int,
    empty_sums: Tree,
    params: Tree,
    batch_stats: Tree,
    inputs: Array,
    targets: Tree,
    key: Array,
) -> tuple[Tree, Tree, Sums]:
    """The mean gradient of a batch in `parts`, one after the other, each from the statistics of the one before."""
    if parts == 1:
        gradient, (batch_stats, sums) = grad_fn(params, batch_stats, inputs, targets, key)
        return gradient, batch_stats, sums

    def add(carry: tuple[Tree, Tree, Tree], part: tuple[Array, Array, Tree]):
        gradient, batch_stats, sums = carry
        index, inputs, targets = part
        more, (batch_stats, new) = grad_fn(params, batch_stats, inputs, targets, jax.random.fold_in(key, index))
        return (jax.tree.map(jnp.add, gradient, more), batch_stats, jax.tree.map(jnp.add, sums, new)), None

    def cut(x: Array) -> Array:
        return x.reshape(parts, -1, *x.shape[1:])

    zeros = jax.tree.map(jnp.zeros_like, params), batch_stats, jax.tree.map(jnp.asarray, empty_sums)
    (gradient, batch_stats, sums), _ = lax.scan(
        add, zeros, (jnp.arange(parts), cut(inputs), jax.tree.map(cut, targets))
    )
    return jax.tree.map(lambda g: g / parts, gradient), batch_stats, sums


def _prepared(recipe: Recipe, inputs: Array) -> Array:
    """Inputs in 0 ... 255 as the network sees them."""
    return _resize(recipe.normalize(inputs), recipe.train_image_size)


def _resize(images: Array, size: int) -> Array:
    batch, *shape = images.shape
    wanted = scaled(tuple(shape), size)
    return images if wanted == tuple(shape) else jax.image.resize(images, (batch, *wanted), "linear")


def _updated(recipe: Recipe, gradient: Tree, state: TrainState) -> tuple[Tree, Tree]:
    """New parameters and optimizer state; frozen ones stay, whatever the optimizer would do to them."""
    optimized, _ = rules.partition(recipe.optimized, state.params)
    gradient = rules.combine(gradient, jax.tree.map(jnp.zeros_like, optimized))
    updates, opt_state = recipe.optimizer.update(gradient, state.opt_state, optimized)
    moved = rules.combine(optax.apply_updates(optimized, updates), state.params)
    return _where(recipe.trainable, moved, state.params), opt_state


def _where(mask: Tree, new: Tree, old: Tree) -> Tree:
    return jax.tree.map(lambda chosen, a, b: a if chosen else b, mask, new, old)


def eval_step(
    recipe: Recipe, variables: Tree, data: DeviceDataset, chosen: Array | Streamed, mask: Array
) -> tuple[Sums, tuple[Array, Tree] | None]:
    """Sums of metrics over the examples `chosen` [B / devices] where `mask` is one.

    Also the outputs and targets of the batches of all devices, if the task measures something that no sum can give.
    """
    task = recipe.task
    images, labels, indices = taken(data, chosen)
    inputs, targets = task.example(evaluation_draw(indices, recipe.axis), images, labels)
    outputs = tta.outputs(recipe.model, variables, recipe.normalize(inputs), recipe.tta)
    sums = batch_sums(task, outputs, targets, task.loss(outputs, targets), mask)
    sums = collectives.total(sums | task.evaluation_sums(outputs, targets, mask), recipe.axis)
    return sums, collectives.gather((outputs, targets), recipe.axis) if task.measure else None


def evaluation_draw(indices: Array, axis: str | None = None) -> Draw:
    """Draws of the examples `indices`, the same in every evaluation of any run."""
    keys = jax.vmap(partial(jax.random.fold_in, key_of(0)))(indices)
    return Draw(keys=keys, image_keys=keys, epoch=jnp.int32(0), axis=axis)


def _examples(recipe: Recipe, draw: Draw, images: Array, labels: Array) -> tuple[Array, Tree]:
    """Inputs and targets of a batch; the views of an image are one after the other."""
    task = recipe.task
    if task.views == 1:
        images, labels = recipe.augment(draw, images, labels)
        return task.example(draw.fold_in(TASK_DRAW), images, labels)
    views = [recipe.augment(draw.fold_in(TASK_DRAW + view), images, labels)[0] for view in range(task.views)]
    return task.example(draw, jnp.stack(views, axis=1).reshape(-1, *views[0].shape[1:]), labels)


def _draw(recipe: Recipe, state: TrainState, key: Array, indices: Array) -> Draw:
    return Draw(
        keys=_keys(jax.random.fold_in(key, 0), len(indices), recipe.axis),
        image_keys=jax.vmap(partial(jax.random.fold_in, state.key))(indices),
        epoch=state.step // recipe.steps_per_epoch,
        axis=recipe.axis,
    )


def _keys(key: Array, count: int, axis: str) -> Array:
    """A key for each of the `count` examples of this device, which follows from their place in the whole batch."""
    place = lax.axis_index(axis) * count + jnp.arange(count)
    return jax.vmap(partial(jax.random.fold_in, key))(place)


def _add_metrics(state: TrainState, sums: Sums, gradient: Tree) -> Tree:
    bad = ~jnp.isfinite(sums["loss"])
    new = sums | {
        "steps": jnp.float32(1),
        "gradient_norm": optax.tree.norm(gradient),
        "bad_step": jnp.where(bad, state.step, NEVER),
    }
    totals = {name: state.metrics[name] + new[name] for name in new if name != "bad_step"}
    return totals | {"bad_step": jnp.minimum(state.metrics["bad_step"], new["bad_step"])}
