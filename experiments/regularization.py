"""What keeps a network from memorizing its training images?

Expectation  Without help the training accuracy goes to 100 % and the validation accuracy stops long before. L2 and
             decoupled decay keep weights small, L1 makes many of them zero, dropout trains sub-networks, smoothing
             forbids certainty, early stopping takes the best epoch. All narrow the gap; the accuracy gains little.
Command      make sweep-regularization
Cost         the base on 10,000 images without augmentation, 20 epochs, 24 runs: a quarter of an hour on two cores;
             `FULL=1`: all images, 30 epochs
Finding      not measured yet
Verdict      not measured yet
"""

import numpy as np

from experiments.base import BASE
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.claims import Claim
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


CONSTANT = {"schedule.name": "constant", "schedule.points": None}  # where a rate falls to zero, the last epoch is best
MOMENTUM = {"optimizer.name": "momentum", "optimizer.learning_rate": 0.1, "optimizer.weight_decay": 0.0}
SWEEP = Sweep(
    name="regularization",
    base=changed(
        BASE,
        MOMENTUM
        | {"data.train": 10000, "augment": (), "loss.smoothing": 0.0, "batch_size": 125, "duration": "20epochs"},
    ),
    variations={
        "none": {},
        "L1": {"loss.l1": 2e-5},
        "L2": {"loss.l2": 2e-3},
        "decoupled decay": {"optimizer.weight_decay": 0.02},
        "dropout": {"model": f"{BASE.model},dropout=0.5"},
        "label smoothing": {"loss.smoothing": 0.1},
        "none, constant rate": CONSTANT,
        "early stopping": CONSTANT | {"select": "best", "checkpoint_every": "1epochs"},
    },
    full={"data.train": 0, "duration": "30epochs"},
    panels=(gap, sparsity),
    measures={"share_gap": lambda _, row: (row.trained("accuracy") or 0.0) - row.summary["validation_accuracy"]},
    references={"early stopping": "none, constant rate"},
    claims=(
        Claim("L2 gains accuracy", "L2", "none"),
        Claim("L2 narrows the gap", "none", "L2", "share_gap"),
        Claim("L1 narrows the gap", "none", "L1", "share_gap"),
        Claim("Decoupled decay is as good as L2", "decoupled decay", "L2", within=0.01),
        Claim("Dropout narrows the gap", "none", "dropout", "share_gap"),
        Claim("Dropout gains accuracy", "dropout", "none"),
        Claim("Label smoothing gains accuracy", "label smoothing", "none"),
        Claim("Early stopping gains accuracy at a constant rate", "early stopping", "none, constant rate"),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
