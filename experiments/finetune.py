"""When does fine-tuning win? A network that knows five classes of CIFAR-10 learns the other five from few images.

Pretrained on airplane, automobile, bird, cat and deer; transferred to dog, frog, horse, ship and truck, with 100 to
2,500 images in all: from scratch, the head alone, the last stage, everything. Each takes the same number of steps.

Command   python -m experiments.finetune --seeds 3      (or: make sweep-finetune SEEDS=3)
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from jaxcnn.cli import sweep_main
from jaxcnn.config import Config, DataConfig, InitConfig, OptimizerConfig, ScheduleConfig
from jaxcnn.report import Panel, Results, mean_and_deviation
from jaxcnn.sweep import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KNOWN = ("airplane", "automobile", "bird", "cat", "deer")
NEW = ("dog", "frog", "horse", "ship", "truck")
IMAGES = (100, 500, 2500)

PRETRAINED = Config(
    name="finetune-base",
    model="quicknet:kernel_init=dirac,stem=16,widths=(32,64)",
    data=DataConfig(classes=KNOWN, validation=2500),
    augment=("crop:padding=2,mode=reflect", "flip"),
    optimizer=OptimizerConfig(name="muon", learning_rate=0.05, weight_decay=0.01),
    schedule=ScheduleConfig(name="cosine"),
    duration="6epochs",
    batch_size=250,
    dtype="auto",
    tensorboard=False,
)

FROM_IT = {"init.from_": "runs/finetune-base", "init.restore": [["Dense_0/*", "fresh"], ["*", "take"]]}
# The stem and the first stage are Conv_0 to Conv_2, each with its BatchNorm; the last stage is 3 and 4.
METHODS = {
    "from scratch": {},
    "head only": {**FROM_IT, "optimizer.freeze": ["Conv_*", "BatchNorm_*"]},
    "last stage": {**FROM_IT, "optimizer.freeze": ["Conv_[0-2]/*", "BatchNorm_[0-2]/*"]},
    "everything": FROM_IT,
}


def curves(results: Results) -> Panel:
    """Accuracy over the number of training images, a line each method."""
    from jaxcnn.report.plots import look, new_figure

    figure, axes = new_figure(6, 4)
    axis: Axes = axes[0]
    lines = ["| method | " + " | ".join(f"{n:,} images" for n in IMAGES) + " |", "| :-- |" + " --: |" * len(IMAGES)]
    for place, method in enumerate(METHODS):
        found = [mean_and_deviation(results.values(f"{method}, {n}", "test_accuracy")) for n in IMAGES]
        means, deviations = ([100 * each[part] for each in found] for part in (0, 1))
        axis.errorbar(IMAGES, means, yerr=deviations, label=method, **look(place))
        numbers = (f"{mean:.1f} ± {deviation:.1f}" for mean, deviation in zip(means, deviations, strict=True))
        lines.append(f"| {method} | {' | '.join(numbers)} |")
    axis.set(xscale="log", xlabel="training images", ylabel="test accuracy, %")
    axis.legend()
    return Panel("Accuracy over the number of images", figure, "\n".join(lines))


SWEEP = Sweep(
    name="finetune",
    first=(PRETRAINED,),
    base=replace(
        PRETRAINED,
        data=DataConfig(classes=NEW, validation=2500),
        init=InitConfig(),
        optimizer=OptimizerConfig(name="adam", learning_rate=0.003, weight_decay=0.01),
        duration="300steps",
        batch_size=50,
        evaluate_every="300steps",
        checkpoint_every="300steps",
    ),
    variations={f"{method}, {n}": {"data.train": n, **changes} for n in IMAGES for method, changes in METHODS.items()},
    full={"duration": "3000steps"},
    panels=(curves,),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
