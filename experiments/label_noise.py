"""What if some of the labels are wrong?

Expectation  A network that can memorize its images memorizes wrong labels too (Zhang et al. 2017, arXiv:1611.03530),
             but later than right ones: the accuracy on clean images falls more slowly than the labels' quality as long
             as right ones are the most frequent, the training accuracy stays above their fraction, and the best epoch
             comes earlier.
Command      make sweep-label_noise
Cost         a small convnet on 5,000 images, 12 epochs each: three minutes on two cores; `FULL=1`: all images, 50
             epochs
Finding      The accuracy falls more slowly than the labels' quality up to 60 % wrong labels: 45.86 % without, 41.92 %
             with 20 %, 27.69 % with 60 % wrong (n = 1, test). Twelve epochs are too few to memorize wrong labels (table
             label_noise).
"""

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.panels import gap
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

SHARES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8)


def best_epochs(results: Results) -> Panel:
    """When the validation accuracy was highest, and how much of it was lost by the end."""
    lines = []
    for row in results.rows:
        seen = [entry for entry in row.history if entry["split"] == "validation"]
        best = max(seen, key=lambda entry: entry["accuracy"])
        lost = 100 * (best["accuracy"] - seen[-1]["accuracy"])
        epoch = f"{best['step'] / row.steps_per_epoch:.0f}"
        lines.append([f"{row.label}, seed {row.seed}", epoch, f"{100 * best['accuracy']:.2f} %", f"{lost:.1f}"])
    head = ["", "best epoch", "validation then", "lost by the end (points)"]
    return Panel("The best epoch", table=Table(head, lines))


SWEEP = Sweep(
    name="label_noise",
    base=changed(SMALL, {"duration": "12epochs", "schedule.name": "constant"}),
    variations={f"{share:.0%} wrong": {"data.label_noise": share} for share in SHARES},
    full=FULL,
    panels=(gap, best_epochs),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
