"""Why momentum?

Expectation  In a ravine plain descent jumps from wall to wall and crawls along; a sum of past gradients cancels the
             jumps and adds up the crawl. At a saddle, where the gradient almost vanishes, past gradients carry over.
             0.9 multiplies the rate by ten in the long run, so that it should win at the same small rate, and without
             momentum ten times the rate should do as well where no ravine forbids it; 0.99 remembers too long and
             overshoots. Nesterov looks ahead and swings less.
Command      make sweep-momentum
Cost         a small convnet on 5,000 images, 10 epochs each: two minutes and a half on two cores; `FULL=1`: all images,
             50 epochs
Finding      At a rate of 0.01, momentum 0.9 ends at 49.35 % against 43.50 % without, and ten times the rate without
             momentum does about as well (48.10 %; n = 1, validation). In the ravine momentum needs fewer steps, 0.99
             far more (table momentum).
"""

import numpy as np

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config import OptimizerConfig
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.plots import line_style, new_figure
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

RATE = 0.01
KINDS = {
    "none": {"optimizer.name": "sgd"},
    **{str(m): {"optimizer.name": "momentum", "optimizer.momentum": m} for m in (0.5, 0.9, 0.99)},
    "Nesterov 0.9": {"optimizer.name": "nesterov", "optimizer.momentum": 0.9},
}


def paths(results: Results) -> Panel:
    """The first steps of each kind in a ravine, and from beside a saddle point; and how many it takes to arrive."""
    import jax.numpy as jnp

    from jaxcnn.inspect import landscapes

    figure, axes = new_figure(13, 4.5, 2)
    shown = {
        "ravine": (landscapes.ravine, (-4.0, 0.8), ((-4.5, 4.5), (-1.2, 1.2)), 0.03, 30, 0.2),
        "saddle": (landscapes.saddle, (-1.5, 0.001), ((-1.7, 1.7), (-1.7, 1.7)), 0.05, 60, -0.24),
    }
    lines = {label: [label] for label in KINDS}
    for axis, (title, (height, start, limits, rate, steps, low)) in zip(axes, shown.items(), strict=True):
        across, along = np.meshgrid(*(np.linspace(*limit, 100) for limit in limits))
        levels = np.asarray(height(jnp.asarray([across, along])))
        axis.contour(across, along, levels, 15, colors="lightgray", linewidths=0.8)
        for place, (label, settings) in enumerate(KINDS.items()):
            options = {name.removeprefix("optimizer."): value for name, value in settings.items()}
            config = OptimizerConfig(**options, learning_rate=1.0, weight_decay_multipliers=())  # type: ignore[arg-type]
            path = landscapes.descend(height, jnp.array(start), config, [rate], 1000)[0]
            lines[label].append(str(np.flatnonzero(height(jnp.asarray(path.T)) > low)[-1] + 1))
            axis.plot(*path[: steps + 1].T, marker=".", markersize=4, linewidth=1, label=label, **line_style(place))
        axis.set(xlim=limits[0], ylim=limits[1], title=f"{title}, rate {rate}, {steps} steps")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False, title="momentum")
    head = ["momentum", *(f"steps until the {title} is at {shown[title][-1]} for good" for title in shown)]
    return Panel("A ravine and a saddle", figure, Table(head, list(lines.values())))


SWEEP = Sweep(
    name="momentum",
    base=changed(SMALL, {"optimizer.learning_rate": RATE, "schedule.name": "constant"}),
    variations={**KINDS, "none, rate 0.1": KINDS["none"] | {"optimizer.learning_rate": 10 * RATE}},
    full=FULL,
    panels=(paths,),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
