"""jaxcnn as its users run it: the step that `fit` takes, in a process that `runtime.prepare` set up."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from experiments.bench.nets import CLASSES, LEARNING_RATE, MOMENTUM, NETS, SIDE, WEIGHT_DECAY
from jaxcnn.assemble import assemble, resolve
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig, ScheduleConfig
from jaxcnn.data import Dataset, epoch_order
from jaxcnn.data.for_run import describe
from jaxcnn.runtime import memory

VERSION = f"jaxcnn on jax {jax.__version__}"
BATCHES = 4
"""As many batches make an epoch: the other contenders have no data set either."""


def build(net: str, batch: int, dtype: str) -> Callable[[], None]:
    """Gather, augment, normalize, forward, loss, backward, optimizer and metrics."""
    config = Config(
        name="bench",
        model=net,
        task="denoise:sigma=25" if NETS[net].picture else "classification",
        augment=("crop:padding=4", "flip"),
        loss=LossConfig(l2=WEIGHT_DECAY),
        optimizer=OptimizerConfig(
            name="nesterov", learning_rate=LEARNING_RATE, momentum=MOMENTUM, freeze=NETS[net].frozen
        ),
        schedule=ScheduleConfig(name="constant"),
        batch_size=batch,
        dtype=dtype,  # type: ignore[bad-argument-type]
    )
    memory.huge_pages(False)  # as `fit` does
    images = describe(noise(BATCHES * batch), DataConfig(validation=0))
    training = assemble(resolve(config, images), images)
    state, pool, batches = training.initial_state(), training.device_data(), _batches(batch)

    def step() -> None:
        nonlocal state
        state, sums = training.train_step_at(0)(state, pool, training.devices.split(next(batches)))
        jax.block_until_ready((state, sums))

    return step


def product(side: int, dtype: str) -> Callable[[], None]:
    matrix = jax.random.normal(jax.random.key(0), (side, side)).astype(dtype)
    multiply = jax.jit(jnp.matmul)
    return lambda: jax.block_until_ready(multiply(matrix, matrix))


def noise(count: int) -> Dataset:
    """Images of CIFAR-10's shape, which cost a step what real ones do."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
    labels = np.arange(count, dtype=np.int32) % CLASSES
    return Dataset("noise", "", "", images, labels, count, tuple(map(str, range(CLASSES))))


def _batches(size: int) -> Iterator[np.ndarray]:
    while True:
        yield from epoch_order(BATCHES * size, seed=0, epoch=0).reshape(BATCHES, size)
