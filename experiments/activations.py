"""Which activation, and why not the plain sigmoid?

Expectation  A sigmoid's slope is at most 1/4, so that gradients shrink from layer to layer, and its mean is not zero:
             the first layers of a deep network stand still. Tanh has mean zero and still saturates. ReLU lets the
             gradient through and may die; leaky ReLU, ELU and GELU cannot die; maxout learns its own shape for twice
             the weights. With none, the deep network is a linear one (but for the max-pools).
Command      make sweep-activations
Cost         a convnet of six convolutions on 5,000 images, 6 epochs each; `FULL=1`: all images, 50 epochs
Finding      not measured yet
"""

import numpy as np

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.plots import look, new_figure
from jaxcnn.report.tables import markdown
from jaxcnn.sweep import Sweep

NAMES = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "maxout", "identity")


def layers(results: Results) -> Panel:
    """The gradient that reaches each layer's kernel at step 0, and units that no image wakes after training."""
    from jaxcnn import probe

    figure, (axis,) = new_figure(8, 4)
    lines = []
    for place, name in enumerate(NAMES):
        rows = [row for row in results.of(name) if row.summary]
        if not rows:
            continue
        run = rows[0].run()
        photographs, labels = probe.examples(run, 500)
        images = probe.normalized(run, photographs)
        model, fresh = probe.fresh(run.config.model)
        norms = [
            float(np.linalg.norm(kernel))
            for kernel in probe.kernels(probe.gradients(model, fresh, images, labels)).values()
        ]
        axis.semilogy(range(1, len(norms) + 1), norms, marker="o", label=name, **look(place))
        hidden = list(probe.outputs(run.model, run.variables, images).values())[:-1]
        # What a unit puts in decides: only these two are flat, or nearly so, below zero.
        dead = f"{100 * np.mean([probe.dead_share(h) for h in hidden]):.1f} %" if name in ("relu", "gelu") else "none"
        speed = [entry["images_per_second"] for entry in rows[0].history if entry["split"] == "train"][-1]
        lines.append([name, f"{norms[0]:.2g}", f"{norms[0] / norms[-1]:.2g}", dead, f"{speed:,.0f}"])
    axis.set(xlabel="layer", ylabel="norm of the kernel's gradient", title="at step 0")
    figure.legend(loc="outside right upper", frameon=False)
    head = ["", "first layer's gradient", "first / last", "dead units after training", "images/s"]
    return Panel("Gradients, dead units, cost", figure, markdown(head, lines))


SWEEP = Sweep(
    name="activations",
    base=changed(SMALL, {"duration": "6epochs"}),
    variations={name: {"model": f"convnet:widths=(16,32,64),hidden=64,depth=2,activation={name}"} for name in NAMES},
    full=FULL,
    panels=(layers,),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
