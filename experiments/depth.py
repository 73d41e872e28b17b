"""Do more layers help, and do they without shortcuts?

Expectation  He et al. 2015 (arXiv:1512.03385, figure 6): from 20 to 56 layers the training error of plain networks
             rises, which is not overfitting but a failure to optimize, while that of residual ones falls.
Command      make sweep-depth
Cost         networks of a quarter of the paper's width on 5,000 images, 4 epochs each: seven minutes on two cores;
             `FULL=1`: the paper's widths, all images, its augmentation, batch, decay, rate and steps (182 epochs of
             45,000 images)
Finding      The training error of plain networks rises with depth, as expected, and shortcuts lower it at every depth,
             by 9 to 17 points. In four epochs more layers do not help residual networks either (n = 1; table depth).
"""

from experiments.small import SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.plots import COLORS, new_figure, points
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

DEPTHS = (20, 32, 44, 56)


def errors(results: Results) -> Panel:
    """The paper's figure: training (dashed) and validation error against epochs, plain left and residual right."""
    figure, axes = new_figure(12, 4.5, 2, sharey=True)
    lines = []
    for axis, kind in zip(axes, ("plain", "resnet"), strict=True):
        for depth, color in zip(DEPTHS, COLORS, strict=False):
            row = results.of(f"{kind}{depth}")[0]
            ends = []
            for split, style in (("train", "--"), ("validation", "-")):
                seen = [entry for entry in row.history if entry["split"] == split]
                epochs = [entry["step"] / row.steps_per_epoch for entry in seen]
                label = f"{depth} layers" if split == "validation" else None
                errors = [100 * (1 - entry["accuracy"]) for entry in seen]
                axis.plot(epochs, errors, linestyle=style, color=color, label=label, **points(len(epochs)))
                ends.append(f"{errors[-1]:.1f} %" if errors else "diverged")
            lines.append([row.label, *ends])
        axis.set(title=kind, xlabel="epoch")
        axis.locator_params(axis="x", integer=True)
    axes[0].set_ylabel("error (%)")
    axes[0].legend(frameon=False)
    table = Table(["at the end", "training error", "validation error"], lines)
    return Panel("Error against depth: training dashed, validation solid", figure, table)


THIN = {"optimizer.learning_rate": 0.05, "duration": "4epochs", "loss.l2": 1e-4, "augment": ("crop:padding=4", "flip")}
PAPER = {
    "data.train": 0,
    "data.validation": 5000,
    "batch_size": 128,
    "optimizer.learning_rate": 0.1,
    "schedule.name": "step",
    "duration": "64000steps",
}
SWEEP = Sweep(
    name="depth",
    base=changed(SMALL, THIN),
    variations={
        f"{kind}{depth}": {"model": f"{kind}{depth}:widths=(4,8,16)"}
        for kind in ("plain", "resnet")
        for depth in DEPTHS
    },
    full=PAPER,
    panels=(errors,),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
