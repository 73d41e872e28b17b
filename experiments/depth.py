"""Do more layers help, and do they without shortcuts?

Expectation  He et al. 2015 (arXiv:1512.03385, figure 6): from 20 to 56 layers the training error of plain networks
             rises, which is not overfitting but a failure to optimize, while that of residual ones falls.
Command      make sweep-depth
Cost         networks of half the paper's width on all images, 12 epochs each, 12 runs: an hour and a half on two cores;
             `FULL=1`: the paper's widths, augmentation, batch, decay, rate and steps (182 epochs of 45,000 images)
Finding      not measured yet
Verdict      not measured yet
"""

from experiments.base import BASE
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.claims import Claim
from jaxcnn.report.plots import COLORS, new_figure, points
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

DEPTHS = (20, 56)


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


THIN = {
    "optimizer.name": "momentum",
    "optimizer.learning_rate": 0.1,
    "optimizer.weight_decay": None,
    "schedule.name": "step",
    "schedule.points": None,
    "loss.l2": 1e-4,
    "loss.smoothing": 0.0,
    "augment": ("crop:padding=4", "flip"),
    "batch_size": 128,
    "duration": "12epochs",
}
SWEEP = Sweep(
    name="depth",
    base=changed(BASE, THIN),
    variations={
        f"{kind}{depth}": {"model": f"{kind}{depth}:widths=(8,16,32)"}
        for kind in ("plain", "resnet")
        for depth in DEPTHS
    },
    full={"duration": "64000steps"},
    panels=(errors,),
    metric="train_accuracy",
    claims=(
        Claim("A plain network of 56 layers trains worse than one of 20", "plain20", "plain56"),
        Claim("A residual one of 56 layers trains no worse than one of 20", "resnet56", "resnet20", beyond=-0.005),
        Claim("With 56 layers shortcuts help", "resnet56", "plain56"),
        Claim("With 20 layers they help, too", "resnet20", "plain20"),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
