"""Why momentum?

Expectation  In a ravine plain descent jumps from wall to wall and crawls along; a sum of past gradients cancels the
             jumps and adds up the crawl. At a saddle, where the gradient almost vanishes, past gradients carry over.
             Momentum m multiplies the rate by 1 / (1 - m) in the long run: at the same small rate more momentum should
             win, and at the same rate / (1 - m) all should be about alike, where no ravine forbids it.
Command      make sweep-momentum
Cost         the base without normalization, eight runs of three seeds: a quarter of an hour on two cores; `FULL=1`: 30
             epochs
Finding      At the same rate momentum of 0.9 is worth 19.71 points [17.11, 22.31] over none, 66.93 ± 0.84 % against
             47.22 ± 0.23 % (n = 3, test). Ten times the rate makes up for most of it, 64.18 ± 0.42 %, but is still 2.75
             points behind [1.65, 3.86]; 0.99 at a tenth of the rate is 4.14 points behind [2.64, 5.65], and `FULL=1`
             would tell whether it only needs more steps. Nesterov's is 1.14 points better [0.29, 2.00] than the
             classical one.
Verdict      confirmed
"""

import numpy as np

from experiments.base import FULL, PLAIN
from jaxcnn.cli import sweep_main
from jaxcnn.config import OptimizerConfig
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.claims import Claim
from jaxcnn.report.plots import line_style, new_figure
from jaxcnn.report.table import Table
from jaxcnn.sweep import Changes, Sweep

RATE = 0.03
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


def _at(name: str, momentum: float) -> Changes:
    """The rate at which a step is as long in the long run as that of RATE with momentum 0.9."""
    return KINDS[name] | {"optimizer.learning_rate": round(RATE * (1 - momentum) / (1 - 0.9), 6)}


SWEEP = Sweep(
    name="momentum",
    base=changed(PLAIN, {"optimizer.learning_rate": RATE}),
    variations={
        **KINDS,
        "none, ten times the rate": _at("none", 0.0),
        "0.5, five times the rate": _at("0.5", 0.5),
        "0.99, a tenth of the rate": _at("0.99", 0.99),
    },
    full=FULL,
    panels=(paths,),
    references={
        "none, ten times the rate": "0.9",
        "0.5, five times the rate": "0.9",
        "0.99, a tenth of the rate": "0.9",
    },
    claims=(
        Claim("At the same rate momentum 0.9 wins over none", "0.9", "none"),
        Claim("At the same rate 0.5 wins over none", "0.5", "none"),
        Claim("Without momentum ten times the rate is as good", "none, ten times the rate", "0.9", within=0.01),
        Claim("0.5 at five times the rate is as good", "0.5, five times the rate", "0.9", within=0.01),
        Claim("0.99 at a tenth of the rate is as good", "0.99, a tenth of the rate", "0.9", within=0.01),
        Claim("0.99 at the same rate overshoots", "0.9", "0.99"),
        Claim("Nesterov's is as good as the classical one", "Nesterov 0.9", "0.9", within=0.01),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
