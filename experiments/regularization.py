"""What keeps a network from learning its training images by heart?

Expectation  Without help the training accuracy goes to 100 % and the validation accuracy stops long before. L2 and
             decoupled decay keep weights small, L1 makes many of them zero, dropout trains sub-networks, smoothing
             forbids certainty, early stopping takes the best epoch. All narrow the gap; the accuracy gains little.
Command      make sweep-regularization
Cost         a small convnet on 5,000 images, 15 epochs each; `FULL=1`: all images, 50 epochs
Finding      not measured yet
"""

import numpy as np

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.panels import gap
from jaxcnn.report.tables import markdown
from jaxcnn.sweep import Sweep

NEAR_ZERO = 1e-3


def sparsity(results: Results) -> Panel:
    """How many weights of the kernels are as good as zero, and how large all of them are together."""
    from jaxcnn import probe

    lines = []
    for label in results.labels:
        kernels = probe.kernels(results.of(label)[0].run().variables["params"]).values()
        weights = np.concatenate([kernel.reshape(-1) for kernel in kernels])
        lines.append([label, f"{100 * (abs(weights) < NEAR_ZERO).mean():.1f} %", f"{np.linalg.norm(weights):.1f}"])
    return Panel("Weights", table=markdown(["", f"|w| < {NEAR_ZERO:g}", "norm of all"], lines))


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
        "early stopping": {"select": "best", "schedule.name": "constant", "checkpoint_every": "1epochs"},
    },
    full=FULL,
    panels=(gap, sparsity),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
