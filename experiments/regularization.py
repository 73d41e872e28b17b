"""What keeps a network from memorizing its training images?

Expectation  Without help the training accuracy goes to 100 % and the validation accuracy stops long before. L2 and
             decoupled decay keep weights small, L1 makes many of them zero, dropout trains sub-networks, smoothing
             forbids certainty, early stopping takes the best epoch. All narrow the gap; the accuracy gains little.
Command      make sweep-regularization
Cost         a small convnet on 5,000 images, 15 epochs each: four minutes on two cores; `FULL=1`: all images, 50 epochs
Finding      Weight decay narrows the gap by a quarter and gains about two points: 54.50 and 54.65 % against 52.15 %
             without (n = 1, validation). Dropout of half the units closes the gap, and is too much for so small a
             network (49.10 %; table regularization).
"""

import numpy as np

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.panels import gap
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

NEAR_ZERO = 1e-3


def sparsity(results: Results) -> Panel:
    """How many weights of the kernels are as good as zero, and how large all of them are together."""
    from jaxcnn.inspect import probe

    lines = []
    for label in results.labels:
        kernels = probe.kernels(results.of(label)[0].run().variables["params"]).values()
        weights = np.concatenate([kernel.reshape(-1) for kernel in kernels])
        lines.append([label, f"{100 * (abs(weights) < NEAR_ZERO).mean():.1f} %", f"{np.linalg.norm(weights):.1f}"])
    return Panel("Weights", table=Table(["", f"|w| < {NEAR_ZERO:g}", "norm of all"], lines))


CONSTANT = {"schedule.name": "constant"}  # where a rate falls to zero, the last epoch is the best
SWEEP = Sweep(
    name="regularization",
    base=changed(SMALL, {"duration": "15epochs"}),
    variations={
        "none": {},
        "L1": {"loss.l1": 1e-4},
        "L2": {"loss.l2": 5e-3},
        "decoupled decay": {"optimizer.weight_decay": 0.05},
        "dropout": {"model": f"{SMALL.model},dropout=0.5"},
        "label smoothing": {"loss.smoothing": 0.1},
        "none, constant rate": CONSTANT,
        "early stopping": CONSTANT | {"select": "best", "checkpoint_every": "1epochs"},
    },
    full=FULL,
    panels=(gap, sparsity),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
