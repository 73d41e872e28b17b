"""Which activation, and why not the plain sigmoid?

Expectation  A sigmoid's slope is at most 1/4, so that gradients shrink from layer to layer, and its mean is not zero:
             the first layers of a deep network do not train. Tanh has mean zero but still saturates. ReLU passes the
             gradient and may die; leaky ReLU, ELU and GELU cannot die; maxout learns its own shape for twice the
             weights. Without any, the deep network is linear (except for the max-pools).
Command      make sweep-activations
Cost         the base without normalization, eight activations at three rates, 72 runs: half an hour on two cores;
             `FULL=1`: 30 epochs
Finding      not measured yet
Verdict      not measured yet
"""

import numpy as np

from experiments.base import FULL, PLAIN
from jaxcnn.cli import sweep_main
from jaxcnn.report import Panel, Results
from jaxcnn.report.claims import Claim
from jaxcnn.report.plots import line_style, new_figure
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

NAMES = ("relu", "sigmoid", "tanh", "leaky_relu", "elu", "gelu", "maxout", "identity")
RATES = (0.05, 0.1, 0.2)
GROUPS = {name: tuple(f"{name} {rate:g}" for rate in RATES) for name in NAMES}


def layers(results: Results) -> Panel:
    """The gradient that reaches each layer's kernel at step 0, and units that no image wakes after training."""
    from jaxcnn.inspect import probe
    from jaxcnn.inspect.network import normalized

    figure, (axis,) = new_figure(8, 4)
    lines = []
    for place, (name, labels) in enumerate(GROUPS.items()):
        rows = [row for label in labels for row in results.of(label) if row.summary]
        if not rows:
            continue
        run = rows[0].run()
        photographs, labels = probe.examples(run, 500)
        images = normalized(run, photographs)
        model, fresh = probe.init_model(run.config.model)
        norms = [
            float(np.linalg.norm(kernel))
            for kernel in probe.kernels(probe.gradients(model, fresh, images, labels)).values()
        ]
        axis.semilogy(range(1, len(norms) + 1), norms, marker="o", label=name, **line_style(place))
        hidden = list(probe.outputs(run.model, run.variables, images).values())[:-1]
        # What a unit puts in decides: only these two are flat, or nearly so, below zero.
        dead = (
            f"{100 * np.mean([probe.dead_fraction(h) for h in hidden]):.1f} %" if name in ("relu", "gelu") else "none"
        )
        cost = f"{np.mean([row.summary['cpu_seconds'] for row in rows]):,.0f}"
        lines.append([name, f"{norms[0]:.2g}", f"{norms[0] / norms[-1]:.2g}", dead, cost])
    axis.set(xlabel="layer", ylabel="norm of the kernel's gradient", title="at step 0")
    figure.legend(loc="outside right upper", frameon=False)
    head = ["", "first layer's gradient", "first / last", "dead units after training", "CPU seconds"]
    return Panel("Gradients, dead units, cost", figure, Table(head, lines))


SWEEP = Sweep(
    name="activations",
    base=PLAIN,
    variations={
        f"{name} {rate:g}": {"model": f"{PLAIN.model},activation={name}", "optimizer.learning_rate": rate}
        for name in NAMES
        for rate in RATES
    },
    full=FULL,
    groups=GROUPS,
    references={label: label.replace(name, "relu") for name in NAMES for label in GROUPS[name]},
    panels=(layers,),
    claims=(
        Claim("Sigmoids train worst: ReLU is far better", "relu", "sigmoid", beyond=0.05),
        Claim("Tanh saturates and is behind ReLU", "relu", "tanh"),
        Claim("ReLU is better than no activation", "relu", "identity"),
        Claim("A leaky ReLU is like ReLU", "leaky_relu", "relu", within=0.01),
        Claim("GELU is better than ReLU", "gelu", "relu"),
        Claim("ELU is like ReLU", "elu", "relu", within=0.02),
        Claim("Maxout, with twice the weights, is better than ReLU", "maxout", "relu"),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
