"""Evaluation: metrics over exactly the given examples, each once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from jaxcnn import feed
from jaxcnn.assemble import Training
from jaxcnn.data import epoch_order
from jaxcnn.tasks.task import summarize
from jaxcnn.train import evaluation_draw
from jaxcnn.train_state import DeviceDataset
from jaxcnn.types import Tree

Watch = Callable[[int, int], None]
"""Is told how many examples are done, of how many; what it raises ends the evaluation."""

IN_FLIGHT = 2
"""Batches that are computed while one is waited for: enough to keep the device busy."""


def evaluate(
    training: Training, variables: Tree, data: DeviceDataset, indices: np.ndarray, watch: Watch | None = None
) -> dict[str, Any]:
    """Metrics over the examples `indices` [N], and the task's details.

    The last batch is padded, and the padding is masked.
    """
    size, task = training.eval_batch, training.recipe.task
    if task.group > 1:  # data may be ordered by class, and lists of one class have no order
        indices = indices[epoch_order(len(indices), seed=0, epoch=0)]
    padded = -(-len(indices) // size) * size
    mask = (np.arange(padded) < len(indices)).astype(np.float32)
    examples = np.resize(indices.astype(np.int32), padded)
    batches, seen = [], []
    for chosen, weights in feed.evaluation_batches(training, examples.reshape(-1, size), mask.reshape(-1, size)):
        batches.append(training.eval_step(variables, data, chosen, weights))
        seen.append(weights.reshape(-1) > 0)
        if len(batches) > IN_FLIGHT:  # so that streamed images do not pile up
            jax.block_until_ready(batches[-1 - IN_FLIGHT])
            if watch:
                watch((len(batches) - IN_FLIGHT) * size, len(indices))
    sums, kept = zip(*batches, strict=True)
    totals = jax.tree.map(lambda *parts: sum(np.asarray(p, np.float64) for p in parts), *sums)
    rows = np.concatenate(seen) if training.devices.single_process else mask > 0
    measured = task.measure(*_joined(kept, rows)) if task.measure else {}
    return {**summarize(task, totals), **measured, **task.details(totals)}


def numbers(found: Mapping[str, Any]) -> dict[str, float]:
    """The metrics among what an evaluation found."""
    return {name: value for name, value in found.items() if isinstance(value, float)}


def _joined(parts: Iterable[Any], rows: np.ndarray) -> Any:
    """The outputs and targets of all batches, of the examples that count."""
    return jax.tree.map(lambda *each: np.concatenate([np.asarray(x) for x in each])[rows], *parts)


def examples(training: Training, variables: Tree, indices: np.ndarray) -> np.ndarray:
    """The task's picture of a few examples and its answers: [H, W, 3] uint8."""
    recipe, dataset = training.recipe, training.images.dataset
    images, labels = jnp.asarray(dataset.images[indices]), jnp.asarray(dataset.labels[indices])

    @jax.jit
    def answered(variables: Tree) -> Any:
        inputs, targets = recipe.task.example(evaluation_draw(jnp.asarray(indices)), images, labels)
        outputs = recipe.model.apply(variables, recipe.normalize(inputs), train=False)
        return inputs, targets, recipe.task.answer(cast(jax.Array, outputs), inputs)

    assert recipe.task.picture is not None
    return recipe.task.picture(*jax.tree.map(np.asarray, answered(variables)))
