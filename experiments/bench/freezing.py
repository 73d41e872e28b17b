"""What a step of resnet18 costs when a part of it is frozen: time and memory against training everything.

Steps of the variants take turns, so that whatever else the machine does slows all of them; medians are compared.

Command   python -m experiments.bench.freezing      (--batch-size 128)
Cost      two minutes on two cores
Result    measured on two cores, float32, jax 0.12; fractions of the whole step's time and memory (1.30 s, 278 MiB at
          batch 32; 5.36 s, 728 MiB at 128):

                                            batch 32         batch 128
          last stage and head            0.48   0.46       0.42   0.32
          head only                      0.29   0.12       0.27   0.19
          head only, statistics move     0.30   0.13       0.29   0.19
"""

import time
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
import tyro

from jaxcnn import runtime
from jaxcnn.config import Config, DataConfig, OptimizerConfig
from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text

CONFIG = Config(
    name="bench_freezing",
    model="resnet18",
    data=DataConfig(name="digits", validation=0),
    optimizer=OptimizerConfig(name="nesterov"),
    duration="1000steps",
)
VARIANTS: dict[str, dict[str, Any]] = {
    "everything": {},
    "last stage and head": {"freeze": ("stem/*", "stage[1-3]_*")},
    "head only": {"freeze": ("stem/*", "stage*")},
    "head only, statistics move": {"freeze": ("stem/*", "stage*"), "frozen_batch_stats": "update"},
}


def main(batch_size: int = 32, repeats: int = 9) -> int:
    runtime.prepare()
    seconds: dict[str, list[float]] = {name: [] for name in VARIANTS}
    prepared = {name: _prepare(changes, batch_size) for name, changes in VARIANTS.items()}
    for name in [name for _ in range(repeats + 1) for name in VARIANTS]:
        step, state, pool, indices, _ = prepared[name]
        began = time.perf_counter()
        state, sums = step(state, pool, indices)
        sums["loss"].block_until_ready()
        seconds[name].append(time.perf_counter() - began)
        prepared[name] = (step, state, pool, indices, prepared[name][-1])
    whole, most = median(seconds["everything"][1:]), prepared["everything"][-1]
    print(f"{CONFIG.model}, batch {batch_size}, median of {repeats} interleaved steps")
    print(f"{'trained':28} {'s a step':>9} {'of all':>7} {'memory':>10} {'of all':>7}")
    for name, taken in seconds.items():
        cost, memory = median(taken[1:]), prepared[name][-1]  # the first step warms up
        print(f"{name:28} {cost:9.3f} {cost / whole:7.2f} {memory / 2**20:6.0f} MiB {memory / most:7.2f}")
    return 0


def _prepare(changes: dict[str, Any], batch_size: int) -> tuple[Any, ...]:
    """The compiled step, its arguments, and the bytes of its intermediate results and of the optimizer's state."""
    import jax

    from jaxcnn.assemble import assemble
    from jaxcnn.data.for_run import load_images

    optimizer = replace(CONFIG.optimizer, **changes)
    config = replace(CONFIG, optimizer=optimizer, batch_size=batch_size, devices=1)
    training = assemble(config, load_images(config))
    state, pool = training.initial_state(), training.device_data()
    indices = training.devices.split(np.arange(batch_size, dtype=np.int32))
    train_step: Any = training.train_step_at(0)
    step = train_step.compile(state, pool, indices)
    kept = sum(leaf.nbytes for leaf in jax.tree.leaves(state.opt_state))
    return step, state, pool, indices, step.memory_analysis().temp_size_in_bytes + kept


if __name__ == "__main__":
    program = "python -m experiments.bench.freezing"
    exit_with(*outcome(lambda: tyro.cli(main, description=help_text(__doc__), prog=program)))
