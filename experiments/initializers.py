"""How large should the first weights be?

Expectation  A layer multiplies the variance by fan-in x variance of the weights (x 1/2 after a ReLU). LeCun's and
             Glorot's 1/fan keeps it for tanh, He's 2/fan for ReLU, orthogonal matrices keep it exactly in a linear
             network. Smaller ones fade within ten layers, larger ones saturate tanh and explode with ReLU. With zeros
             or a constant all units of a layer are the same and stay so.
Command      make sweep-initializers
Cost         nine convolutions without normalization, tanh and ReLU, eight initializers, 48 runs: twenty minutes on two
             cores; `FULL=1`: 30 epochs
Finding      not measured yet
Verdict      not measured yet
"""

import numpy as np

from experiments.base import FULL, PLAIN
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.claims import Claim
from jaxcnn.report.plots import COLORS, new_figure
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

LAYERS = 10
"""Nine convolutions and a dense layer."""
INITIALIZERS = (
    *("zeros", "constant(0.01)", "normal(0.01)", "normal(0.5)"),
    *("lecun_normal", "glorot_normal", "he_normal", "orthogonal"),
)
ACTIVATIONS = ("tanh", "relu")
BEST = {"tanh": "lecun_normal", "relu": "he_normal"}


def spec(initializer: str, activation: str) -> str:
    return f"convnet:widths=(16,32,64),depth=3,hidden=64,kernel_init={initializer},activation={activation}"


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
    base=changed(PLAIN, {"duration": "3epochs", "optimizer.learning_rate": 0.02}),
    variations={
        f"{initializer}, {activation}": {"model": spec(initializer, activation)}
        for activation in ACTIVATIONS
        for initializer in INITIALIZERS
    },
    full=FULL,
    panels=(distributions,),
    references={
        f"{initializer}, {activation}": f"{best}, {activation}"
        for activation, best in BEST.items()
        for initializer in INITIALIZERS
    },
    claims=(
        Claim("He's is better than LeCun's with ReLU", "he_normal, relu", "lecun_normal, relu"),
        Claim("LeCun's is as good as He's with tanh", "lecun_normal, tanh", "he_normal, tanh", within=0.02),
        Claim("Weights of 0.01 do not train with ReLU", "he_normal, relu", "normal(0.01), relu", beyond=0.1),
        Claim("Zeros do not train", "he_normal, relu", "zeros, relu", beyond=0.3),
        Claim("Orthogonal ones are as good as Glorot's", "orthogonal, tanh", "glorot_normal, tanh", within=0.02),
        Claim("Weights of 0.5 diverge with ReLU", "normal(0.5), relu", "", "diverged"),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
