"""Tiny runs on real data."""

import operator
from functools import partial
from pathlib import Path

import numpy as np

from jaxcnn.config import Config, DataConfig, OptimizerConfig
from jaxcnn.data.dataset import Dataset
from jaxcnn.data.for_run import Images, describe, load_images


def tiny_config(folder: Path) -> Config:
    """A CNN with batch norm on scikit-learn's digits: 40 steps in a few seconds."""
    return Config(
        name="tiny",
        model="quicknet:widths=(4,4,8)",
        data=DataConfig(name="digits", validation=100),
        augment=("crop:padding=2", "flip"),
        optimizer=OptimizerConfig(name="nesterov", learning_rate=0.2),
        duration="40steps",
        batch_size=32,
        evaluate_every="20steps",
        checkpoint_every="20steps",
        log_every="10steps",
        tensorboard=False,
        ema=0.9,
        folder=str(folder),
    )


def random_data(channels: int = 3, side: int = 16, classes: int = 10) -> Images:
    """50 training, 10 validation and 20 test images of noise, in memory."""
    draw, count = np.random.default_rng(channels), 80
    dataset = Dataset(
        name="noise",
        version="1.0.0",
        digest="0" * 12,
        images=draw.integers(0, 256, (count, side, side, channels), np.uint8),
        labels=(np.arange(count) % classes).astype(np.int32),
        train_size=60,
        label_names=tuple(f"class {label}" for label in range(classes)),
    )
    return describe(dataset, DataConfig(name="noise", validation=10))


VARIABLES = ("params", "batch_stats", "ema")


def untrained_run(config: Config, *steps: int) -> None:
    """A run with a checkpoint at each of `steps`, whose numbers tell them apart; nothing is compiled or trained."""
    import jax

    from jaxcnn import assemble
    from jaxcnn.runs.checkpoints import Checkpoints
    from jaxcnn.runs.folder import RunFolder

    images = load_images(config)
    state = assemble.assemble(config, images).initial_state()._asdict()
    with RunFolder(config) as folder:
        folder.write_or_check_data(images.info)
        checkpoints = Checkpoints(folder.checkpoints, keep=len(steps))
        for step in steps:
            changed = {name: jax.tree.map(partial(operator.add, step / 100), state[name]) for name in VARIABLES}
            checkpoints.save(step, {**state, **changed}, score=None)
        checkpoints.close()
