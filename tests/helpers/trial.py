"""A sweep of seconds, as a program."""

TRIAL = '''"""Which rate?"""

import os

from jaxcnn.cli import sweep_main
from jaxcnn.config import Config, DataConfig, OptimizerConfig, ScheduleConfig
from jaxcnn.report import Panel, Results
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep


def count(results: Results) -> Panel:
    return Panel("How many", table=Table(["runs"], [[str(len(results.rows))]]))


def broken(results: Results) -> Panel:
    raise RuntimeError("no picture")


BASE = Config(
    name="trial",
    model="mlp:hidden=(32,)",
    data=DataConfig(name="digits", validation=100),
    optimizer=OptimizerConfig(learning_rate=0.01),
    schedule=ScheduleConfig(name="constant"),
    duration="40steps",
    batch_size=32,
    log_every="10steps",
    tensorboard=False,
)
SWEEP = Sweep(
    name="trial",
    base=BASE,
    variations={
        "good": {},
        "huge": {"optimizer.learning_rate": 1e30},
        "wrong": {"batch_size": int(os.environ.get("TRIAL_BATCH", 5000))},
    },
    panels=(count, broken),
    seeds=1,
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
'''
