"""What if some classes are a hundred times rarer than others, and do weights help?

Expectation  Trained on a long tail (Cui et al. 2019, arXiv:1901.05555), a network hardly ever names the rare classes.
             Balanced weights raise the recall of the tail and cost some of the head's; square roots of them are in
             between. No weight replaces images that are not there.
Command      make sweep-imbalance SEEDS=3
Cost         quickstart's network on 11,163 of 45,000 images, 12 epochs: half a minute a run on two cores
Finding      not measured yet
"""

from dataclasses import replace

from experiments.quickstart import CONFIG
from jaxcnn.cli import sweep_main
from jaxcnn.report import Panel, Results, mean_and_deviation
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
IMBALANCE = 100
ROOTS = tuple(f"{name}={IMBALANCE ** (place / 18):.3f}" for place, name in enumerate(CLASSES))
"""The square root of how much rarer a class is than the first."""


def recall(results: Results) -> Panel:
    """The recall of each class, from the most frequent to the rarest."""
    lines = []
    for label in results.labels:
        each = zip(*(row.summary["test_class_accuracy"] for row in results.of(label)), strict=True)
        lines.append([label, *(f"{100 * mean_and_deviation(values)[0]:.1f}" for values in each)])
    return Panel("Recall of each class (%), the rarest last", table=Table(["", *CLASSES], lines))


LONG_TAIL = {"data.imbalance": float(IMBALANCE)}
SWEEP = Sweep(
    name="imbalance",
    base=replace(CONFIG, duration="12epochs", evaluate_every="4epochs", tensorboard=False),
    variations={
        "long tail": LONG_TAIL,
        "long tail, square roots": {**LONG_TAIL, "loss.class_weights": ROOTS},
        "long tail, balanced": {**LONG_TAIL, "loss.class_weights": ("balanced",)},
        "as many images, no tail": {"data.train": 11160},
    },
    panels=(recall,),
    metric="test_balanced_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
