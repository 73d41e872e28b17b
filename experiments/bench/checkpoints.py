"""What checkpoints cost: time that training waits for a save, time until it is on disk, restore, size; at three sizes.

Command   python -m experiments.bench.checkpoints
Cost      minutes on an idle machine, 3 GB of memory and 1 GB of a temporary folder
Result    README, "When something breaks": training waits for 0.02 % of its time, 3 % were allowed
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from jaxcnn import runtime
from jaxcnn.config import Config, DataConfig
from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text

MODELS = {"resnet20": (10, (32, 32, 3)), "resnet18": (10, (32, 32, 3)), "vgg16_224": (1000, (224, 224, 3))}
"""Name -> (classes, image shape): 0.27, 11.2 and 138 million parameters."""

STEPS_BETWEEN_SAVES = 100
STEPS_TIMED = 4


def main() -> int:
    runtime.prepare()
    print("model       parameters    on disk  training waits     saved  restored    loaded")
    done = {name: measure(name, *what) for name, what in MODELS.items()}
    step = seconds_of_a_step()
    waits, saved = done["resnet18"]
    between = STEPS_BETWEEN_SAVES * step
    print(f"resnet18, batch 128: {step:.2f} s a step. Of {STEPS_BETWEEN_SAVES} steps and a save, training waits for")
    print(f"{waits / between:.3%}; with nothing of the save in the background it would be {saved / between:.3%}.")
    return 0


def measure(name: str, classes: int, image_shape: tuple[int, ...]) -> tuple[float, float]:
    """Prints a row; returns the seconds for which a save holds training up, and those until it is on disk."""
    import jax
    import jax.numpy as jnp

    from jaxcnn import train_state
    from jaxcnn.models import construct
    from jaxcnn.models.counts import count
    from jaxcnn.runs import checkpoints, reading

    model = construct.build(name, classes, jnp.float32)
    shapes = jax.eval_shape(lambda key: train_state.initial_variables(model, key, image_shape), jax.random.key(0))
    draw = np.random.default_rng(0)  # like trained weights, noise is not to be compressed
    variables = jax.tree.map(lambda s: jnp.asarray(draw.standard_normal(s.shape, np.float32)), shapes)
    momentum = jax.tree.map(lambda x: x[::-1] + 1, variables["params"])
    state = {"step": jnp.int32(1), **variables, "opt_state": momentum, "ema": None}
    jax.block_until_ready(state)
    with tempfile.TemporaryDirectory() as folder:
        saver = checkpoints.Checkpoints(Path(folder), keep=1)
        began = time.perf_counter()
        saver.save(1, state, None)
        waits = time.perf_counter() - began
        saver.wait()
        saved = time.perf_counter() - began
        restored = seconds(lambda: saver.restore(state, 1))
        saver.close()
        loaded = seconds(lambda: reading.read_variables(Path(folder), 1))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    parameters = count(model, image_shape).parameters
    times = f"{waits:13.3f} s {saved:7.2f} s {restored:7.2f} s {loaded:7.2f} s"
    print(f"{name:10} {parameters:11,} {size / 1e6:7,.1f} MB {times}", flush=True)
    return waits, saved


def seconds_of_a_step() -> float:
    """Of training resnet18 on images of 32 x 32, batch 128, on all devices here; the least of a few."""
    from jaxcnn import data
    from jaxcnn.assemble import assemble
    from jaxcnn.data.for_run import load_images

    config = Config("bench", "resnet18", data=DataConfig("digits", validation=100), batch_size=128, duration="10steps")
    training = assemble(config, load_images(config))
    state, pool = training.initial_state(), training.device_data()
    order = data.epoch_order(training.images.info.train, 0, 0)[: config.batch_size]
    indices = training.devices.split(order.astype(np.int32))
    state, _ = training.train_step_at(0)(state, pool, indices)  # compiles

    def step() -> Any:
        nonlocal state
        state, _ = training.train_step_at(0)(state, pool, indices)
        return state

    return min(seconds(step) for _ in range(STEPS_TIMED))


def seconds(work: Callable[[], Any]) -> float:
    """How long `work` takes until its arrays are there."""
    import jax

    began = time.perf_counter()
    jax.block_until_ready(work())
    return time.perf_counter() - began


if __name__ == "__main__":
    program = "python -m experiments.bench.checkpoints"
    exit_with(*outcome(lambda: tyro.cli(main, description=help_text(__doc__), prog=program)))
