"""Tiny runs on real data: as a config, as settings of the command line, and as commands that a user types."""

import operator
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from jaxcnn.config import Config, DataConfig, OptimizerConfig

ROOT = Path(__file__).parent.parent


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


VARIABLES = ("params", "batch_stats", "ema")


def untrained_run(config: Config, *steps: int) -> None:
    """A run with a checkpoint at each of `steps`, whose numbers tell them apart; nothing is compiled or trained."""
    import jax

    from jaxcnn import assemble
    from jaxcnn.runs.checkpoints import Checkpoints
    from jaxcnn.runs.folder import RunFolder

    images = assemble.load_images(config)
    state = assemble.assemble(config, images).initial_state()._asdict()
    with RunFolder(config) as folder:
        folder.write_or_check_data(images.info)
        checkpoints = Checkpoints(folder.checkpoints, keep=len(steps))
        for step in steps:
            changed = {name: jax.tree.map(partial(operator.add, step / 100), state[name]) for name in VARIABLES}
            checkpoints.save(step, {**state, **changed}, accuracy=None)
        checkpoints.close()


TINY = [
    *("--model", "quicknet:widths=(4,4,8)", "--data.name", "digits", "--data.validation", "100"),
    *("--batch-size", "32", "--log-every", "10steps", "--evaluate-every", "20steps", "--checkpoint-every", "20steps"),
    *("--no-tensorboard", "--dtype", "float32"),
]
"""Settings that make any experiment small and the same on every processor, for the command line."""


def environment(**changes: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | changes


def run_command(*arguments: str, cwd: Path, timeout: float = 120, **changes: str) -> subprocess.CompletedProcess:
    """`python -m ARGUMENTS` in a fresh process, from the folder `cwd`."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment(**changes), capture_output=True, text=True, timeout=timeout)
