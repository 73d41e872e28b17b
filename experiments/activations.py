"""Which activation, and why not the plain sigmoid?

Expectation  A sigmoid's slope is at most 1/4, so that gradients shrink from layer to layer, and its mean is not zero:
             the first layers of a deep network do not train. Tanh has mean zero but still saturates. ReLU passes the
             gradient and may die; leaky ReLU, ELU and GELU cannot die; maxout learns its own shape for twice the
             weights. Without any, the deep network is linear (except for the max-pools).
Command      make sweep-activations
Cost         a convnet of six convolutions on 5,000 images, 6 epochs each: thirteen minutes on two cores beside another
             sweep; `FULL=1`: all images, 50 epochs
Finding      Sigmoids never leave chance (10.00 %), because almost no gradient reaches the first layer; every other
             activation trains. At this scale (n = 1, 5,000 images) their order means little: see the table activations.
"""

import numpy as np

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.panels import images_per_second
from jaxcnn.report.plots import line_style, new_figure
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

HE, LECUN = "he_normal", "lecun_normal"
INITIALIZERS = {"sigmoid": LECUN, "tanh": LECUN, "relu": HE, "leaky_relu": HE, "elu": LECUN, "gelu": HE}
INITIALIZERS |= {"maxout": LECUN, "identity": LECUN}
"""Activation and the initializer under which the layers' outputs neither grow nor fade: HE halves what LECUN keeps."""


def layers(results: Results) -> Panel:
    """The gradient that reaches each layer's kernel at step 0, and units that no image wakes after training."""
    from jaxcnn.inspect import probe
    from jaxcnn.inspect.network import normalized

    figure, (axis,) = new_figure(8, 4)
    lines = []
    for place, name in enumerate(INITIALIZERS):
        rows = [row for row in results.of(name) if row.summary]
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
        speed = images_per_second(rows[0])
        cost = f"{speed:,.0f}" if speed else "unknown"
        lines.append([name, f"{norms[0]:.2g}", f"{norms[0] / norms[-1]:.2g}", dead, cost])
    axis.set(xlabel="layer", ylabel="norm of the kernel's gradient", title="at step 0")
    figure.legend(loc="outside right upper", frameon=False)
    head = ["", "first layer's gradient", "first / last", "dead units after training", "images/s"]
    return Panel("Gradients, dead units, cost", figure, Table(head, lines))


SWEEP = Sweep(
    name="activations",
    base=changed(SMALL, {"duration": "6epochs", "optimizer.learning_rate": 0.005}),
    variations={
        name: {"model": f"convnet:widths=(16,32,64),hidden=64,depth=2,activation={name},kernel_init={initializer}"}
        for name, initializer in INITIALIZERS.items()
    },
    full=FULL,
    panels=(layers,),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
