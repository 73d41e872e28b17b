"""jaxcnn's answers as its users get them: `run.predict` in a process that `runtime.prepare` set up."""

from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from experiments.bench import ours
from experiments.bench.nets import CLASSES, SIDE
from jaxcnn.assemble import resolve
from jaxcnn.config import Config, DataConfig
from jaxcnn.data.for_run import describe
from jaxcnn.models import construct
from jaxcnn.runs.load import Run

VERSION = ours.VERSION
product = ours.product


def noise_run(net: str, count: int, dtype: str) -> tuple[Run, np.ndarray]:
    """A run of an untrained network, and images [count, height, width, 3] for it."""
    images = describe(ours.noise(count), DataConfig(validation=0))
    config = resolve(Config(name="bench", model=net, dtype=dtype), images)  # type: ignore[bad-argument-type]
    model = construct.build(net, CLASSES, jnp.dtype(config.dtype))
    variables = jax.jit(lambda: model.init(jax.random.key(0), jnp.zeros((1, SIDE, SIDE, 3)), train=False))()
    return Run(Path(), config, images.info, model, variables, 0, {}), images.dataset.images


def build(net: str, batch: int, dtype: str) -> Callable[[], None]:
    """From bytes to probabilities."""
    run, images = noise_run(net, batch, dtype)

    def step() -> None:
        run.predict(images)

    return step
