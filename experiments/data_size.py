"""What are more images worth?

Expectation  The error falls as a power of the number of images (Hestness et al. 2017, arXiv:1712.00409), by about the
             same factor for each doubling; the training accuracy falls too, and the gap closes from both sides. All run
             for the same number of steps, so that only the variety differs; a smaller subset is part of each larger
             one.
Command      make sweep-data_size
Cost         a small convnet for 800 steps of 64 images each: four minutes on two cores; `FULL=1`: 10,000 steps
Finding      Each doubling adds four to five points up to 5,000 images: 39.48 % with 500, 55.15 % with 5,000. Beyond
             10,000 nothing is gained in 800 steps, and the gap between training and validation closes from both sides
             (n = 1, test; table data_size).
"""

from experiments.small import SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results, mean_and_deviation
from jaxcnn.report.panels import gap
from jaxcnn.report.plots import COLORS, new_figure
from jaxcnn.sweep import Sweep

SIZES = (500, 1000, 2000, 5000, 10000, 20000, 40000)


def law(results: Results) -> Panel:
    """Test error against the number of images, both logarithmic: a power law is a straight line."""
    figure, (axis,) = new_figure(7, 4)
    errors = [100 * (1 - mean_and_deviation(results.values(label, "test_accuracy"))[0]) for label in results.labels]
    axis.loglog(SIZES, errors, marker="o", color=COLORS[0])
    axis.set(xlabel="training images", ylabel="test error (%)")
    axis.set_xticks(SIZES, [f"{size:,}" for size in SIZES])
    axis.set_yticks([30, 40, 50, 60, 70], ["30", "40", "50", "60", "70"])
    axis.minorticks_off()
    return Panel("Error against images", figure)


SWEEP = Sweep(
    name="data_size",
    base=changed(SMALL, {"duration": "800steps", "evaluate_every": "200steps", "log_every": "200steps"}),
    variations={f"{size:,} images": {"data.train": size} for size in SIZES},
    full={"duration": "10000steps", "evaluate_every": "1000steps", "log_every": "500steps"},
    panels=(law, gap),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
