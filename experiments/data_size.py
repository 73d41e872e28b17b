"""What are more images worth?

Expectation  The error falls as a power of the number of images (Hestness et al. 2017, arXiv:1712.00409), by about the
             same factor for each doubling; the training accuracy falls too, and the gap closes from both sides. All run
             for the same number of steps, so that only the variety differs; a smaller subset is part of each larger
             one.
Command      make sweep-data_size
Cost         the base for 360 steps of 500 images each, 18 runs: ten minutes on two cores; `FULL=1`: 2,700 steps
Finding      Every doubling up to 20,000 images gains accuracy, from 54.16 ± 1.18 % with 1,250 to 77.27 ± 0.58 % with
             20,000 (n = 3, test), and the gap between training and validation closes from 46 points to none. In 360
             steps 45,000 are not surely better than 20,000: +0.72 points [-1.08, 2.51].
Verdict      confirmed
"""

from itertools import pairwise

from experiments.base import BASE
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results, mean_and_deviation
from jaxcnn.report.claims import Claim
from jaxcnn.report.panels import gap
from jaxcnn.report.plots import COLORS, new_figure
from jaxcnn.sweep import Sweep

SIZES = (1250, 2500, 5000, 10000, 20000, 45000)


def law(results: Results) -> Panel:
    """Test error against the number of images, both logarithmic: a power law is a straight line."""
    figure, (axis,) = new_figure(7, 4)
    errors = [100 * (1 - mean_and_deviation(results.values(label, "test_accuracy"))[0]) for label in results.labels]
    axis.loglog(SIZES, errors, marker="o", color=COLORS[0])
    axis.set(xlabel="training images", ylabel="test error (%)")
    axis.set_xticks(SIZES, [f"{size:,}" for size in SIZES])
    axis.set_yticks([15, 20, 30, 40, 50, 60], ["15", "20", "30", "40", "50", "60"])
    axis.minorticks_off()
    return Panel("Error against images", figure)


def label(size: int) -> str:
    return f"{size:,} images"


SWEEP = Sweep(
    name="data_size",
    base=changed(BASE, {"duration": "360steps", "evaluate_every": "90steps", "log_every": "90steps"}),
    variations={label(size): {"data.train": size} for size in SIZES},
    full={"duration": "2700steps", "evaluate_every": "270steps"},
    panels=(law, gap),
    references={label(large): label(small) for small, large in pairwise(SIZES)},
    claims=(
        *(
            Claim(f"{large:,} images are better than {small:,}", label(large), label(small))
            for small, large in pairwise(SIZES)
        ),
        Claim("Few images are easier to learn by heart", label(1250), label(45000), "train_accuracy"),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
