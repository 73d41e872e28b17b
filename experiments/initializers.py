"""How large should the first weights be?

Expectation  A layer multiplies the variance by fan-in x variance of the weights (x 1/2 after a ReLU). LeCun's and
             Glorot's 1/fan keeps it for tanh, He's 2/fan for ReLU, orthogonal matrices keep it exactly in a linear
             network. Smaller ones fade within ten layers, larger ones saturate tanh and explode with ReLU. With zeros
             or a constant all units of a layer are the same and stay so.
Command      make sweep-initializers
Cost         ten dense layers of 128 on 5,000 images, 8 epochs each: three minutes on two cores; `FULL=1`: all images,
             50 epochs
Finding      The scale is what matters, as expected: LeCun's with tanh (36.90 %) and He's with ReLU (36.20 %) train,
             weights of 0.01 stay at chance (10.00 %), and weights of 0.5 with ReLU diverge at the second step. Between
             the right scales the differences are noise (n = 1, validation; table initializers).
"""

import numpy as np

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.plots import COLORS, new_figure
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

LAYERS = 10
INITIALIZERS = (
    *("zeros", "constant(0.01)", "normal(0.01)", "normal(0.5)"),
    *("lecun_normal", "glorot_normal", "he_normal", "orthogonal"),
)
ACTIVATIONS = ("tanh", "relu")


def spec(initializer: str, activation: str) -> str:
    hidden = ",".join(["128"] * LAYERS)
    return f"mlp:hidden=({hidden}),kernel_init={initializer},activation={activation}"


def distributions(results: Results) -> Panel:
    """What comes out of each of ten layers at step 0: the middle 90 % of 500 test images' activations."""
    from jaxcnn.inspect import probe
    from jaxcnn.inspect.network import normalized
    from jaxcnn.layers import activation

    photographs, _ = probe.examples(run := results.rows[0].run(), 500)
    images = normalized(run, photographs)
    figure, _ = new_figure(15, 6.5, len(INITIALIZERS))
    figure.clear()
    grid = figure.subplots(len(ACTIVATIONS), len(INITIALIZERS), sharex=True)
    lines = []
    for row, name in zip(grid, ACTIVATIONS, strict=True):
        for axis, initializer in zip(row, INITIALIZERS, strict=True):
            outputs = list(probe.outputs(*probe.init_model(spec(initializer, name)), images).values())[:LAYERS]
            seen = [np.asarray(activation(name)(output)) for output in outputs]
            low, middle, high = np.array([np.quantile(values, (0.05, 0.5, 0.95)) for values in seen]).T
            axis.fill_between(range(1, LAYERS + 1), low, high, color=COLORS[0], alpha=0.3)
            axis.plot(range(1, LAYERS + 1), middle, color=COLORS[0])
            axis.tick_params(labelsize=7)
            axis.set_xticks((1, 5, LAYERS))
            lines.append([f"{initializer}, {name}", *(f"{seen[place].std():.2g}" for place in (0, 4, 9))])
        row[0].set_ylabel(name)
    for initializer, above, below in zip(INITIALIZERS, *grid, strict=True):
        above.set_title(initializer, fontsize=9)
        above.set_ylim(-1.05, 1.05)  # of tanh
        below.set_xlabel("layer")
    head = ["standard deviation after layer", "1", "5", "10"]
    return Panel("Activations through ten layers at step 0", figure, Table(head, lines))


SWEEP = Sweep(
    name="initializers",
    base=changed(SMALL, {"optimizer.learning_rate": 0.005, "duration": "8epochs"}),
    variations={
        f"{initializer}, {activation}": {"model": spec(initializer, activation)}
        for activation in ACTIVATIONS
        for initializer in INITIALIZERS
    },
    full=FULL,
    panels=(distributions,),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
