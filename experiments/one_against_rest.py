"""One class among ten, judged as click-through models are: is the probability right, and are positives found first?

Expectation  Weighting the rare positives nine times moves the threshold, and hardly the order: AUC and average
             precision stay, while the probabilities come out far too high (log loss, normalized entropy, calibration).
Command      make sweep-one_against_rest SEEDS=3
Cost         quickstart's network for 4 epochs each: half a minute a run on two cores
Finding      not measured yet
"""

from dataclasses import replace

from experiments.quickstart import CONFIG
from jaxcnn.cli import sweep_main
from jaxcnn.config import LossConfig
from jaxcnn.report import Panel, Results, mean_and_deviation
from jaxcnn.sweep import Sweep

WEIGHTS = {"not weighted": 1, "positives 3 times": 3, "positives 9 times": 9}
METRICS = ("auc", "log_loss", "normalized_entropy", "calibration_error", "mean_prediction_over_rate")


def judged(results: Results) -> Panel:
    """All that a probability is judged by; 1 is the entropy, and the mean prediction, of the base rate."""
    from jaxcnn.measures import measure_of, words
    from jaxcnn.report.table import Table

    lines = [
        [label, *(measure_of(name)(*mean_and_deviation(results.values(label, f"test_{name}"))) for name in METRICS)]
        for label in results.labels
    ]
    return Panel("Order and probability", table=Table(["", *map(words, METRICS)], lines))


SWEEP = Sweep(
    name="one_against_rest",
    base=replace(CONFIG, loss=LossConfig(), tta="none", duration="4epochs", tensorboard=False),
    variations={label: {"task": f"one_against_rest:positive=cat,weight={w}"} for label, w in WEIGHTS.items()},
    panels=(judged,),
    metric="test_average_precision",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
