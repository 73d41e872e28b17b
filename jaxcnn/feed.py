"""What a step receives, batch by batch: indices of resident images, or images that are decoded ahead of need."""

import os
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from jaxcnn import data
from jaxcnn.assemble import Training
from jaxcnn.data.batches import Batches, Decoded, Epochs, Once, Plan, stream
from jaxcnn.train_state import Streamed
from jaxcnn.types import Tree

Batch = np.ndarray | Streamed
"""Indices [devices, B / devices], or the examples themselves."""


def training_batches(training: Training, begin_at: int) -> Iterator[tuple[int, Batch]]:
    """(step after the update, batch) from step `begin_at` on: a pure function of the seed and the step."""
    if training.images.dataset.streamed:
        yield from _streamed(training, begin_at)
        return
    per_epoch, size = training.recipe.steps_per_epoch, training.config.batch_size
    train = training.images.split.train
    order, order_epoch = np.empty(0, np.int32), -1
    for step in range(begin_at, training.total_steps):
        epoch, position = divmod(step, per_epoch)
        if epoch != order_epoch:
            order, order_epoch = data.epoch_order(len(train), training.config.seed, epoch), epoch
        chosen = order[position * size : (position + 1) * size]
        yield step + 1, training.devices.split(train[chosen].astype(np.int32))


def evaluation_batches(training: Training, examples: np.ndarray, mask: np.ndarray) -> Iterator[tuple[Batch, Tree]]:
    """(batch, mask) of the examples and masks [batches, size]; a picture that is passed over is masked."""
    split = training.devices.split
    if not training.images.dataset.streamed:
        for indices, weights in zip(examples, mask, strict=True):
            yield split(indices), split(weights)
        return
    found = _batches(training, Once(examples), examples.shape[1])
    for decoded, weights in zip(stream(found), mask, strict=True):
        placed = _split(training, decoded)
        yield placed, split(weights) * (placed.indices >= 0)


def _streamed(training: Training, begin_at: int) -> Iterator[tuple[int, Batch]]:
    """One batch is on its way to the devices while the one before is computed."""
    config = training.config
    plan = Epochs(
        training.images.split.train,
        config.seed,
        config.batch_size,
        training.recipe.steps_per_epoch,
        training.total_steps,
    )
    key = np.asarray(jax.random.key_data(training.run_key))
    found = _batches(training, plan, config.batch_size, config.data.train_crop, key, config.data.workers)
    ahead: tuple[int, Batch] | None = None
    for step, decoded in enumerate(stream(found, begin_at, config.data.workers), begin_at + 1):
        placed = training.devices.place(_split(training, decoded))
        if ahead:
            yield ahead
        ahead = step, placed
    if ahead:
        yield ahead


def _batches(
    training: Training, plan: Plan, size: int, crop: str = "", key: np.ndarray | None = None, workers: int = 0
) -> Batches:
    dataset: Any = training.images.dataset
    positions = training.devices.split(np.arange(size)).reshape(-1)
    return Batches(dataset.images, dataset.labels, plan, positions, crop, key, threads=1 if workers else _cores())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _split(training: Training, decoded: Decoded) -> Streamed:
    """[examples of this process, ...] -> [its devices, B / devices, ...]."""
    count = len(training.devices.local_positions)
    return Streamed(*(array.reshape(count, -1, *array.shape[1:]) for array in decoded))
