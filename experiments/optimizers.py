"""Which optimizer, each at its best rate, and where do the adaptive ones win?

Expectation  At their best rates the optimizers are closer than their reputations: momentum and Adam within a point or
             two, plain descent behind in so few epochs, AdaGrad slowed by a sum that only grows, Muon fastest on
             matrices. On sparse features, whose gradients come seldom, a rate per weight is what counts, and adaptive
             ones win.
Command      make sweep-optimizers
Cost         nine optimizers at three rates, the base without normalization for 3 epochs, 81 runs: half an hour on two
             cores; `FULL=1`: 30 epochs
Finding      not measured yet
Verdict      not measured yet
"""

from dataclasses import replace

from experiments.base import FULL, PLAIN
from jaxcnn.cli import sweep_main
from jaxcnn.config import OptimizerConfig
from jaxcnn.config_json import changed
from jaxcnn.measures import PERCENT
from jaxcnn.report import Panel, Results, mean_and_deviation
from jaxcnn.report.claims import Claim
from jaxcnn.report.plots import curves
from jaxcnn.report.scores import scores as scores_of
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

RATES = {
    "momentum": (0.05, 0.1, 0.2),
    "nesterov": (0.05, 0.1, 0.2),
    "sgd": (0.2, 0.4, 0.8),
    "adagrad": (0.01, 0.03, 0.1),
    "rmsprop": (0.0005, 0.001, 0.003),
    "adam": (0.001, 0.002, 0.005),
    "adamw": (0.001, 0.002, 0.005),
    "lion": (0.0002, 0.0005, 0.001),
    "muon": (0.01, 0.02, 0.05),
}
GROUPS = {name: tuple(f"{name} {rate:g}" for rate in rates) for name, rates in RATES.items()}
SPARSE_RATES = tuple(3.0**k for k in range(-8, 4))


def at_their_best(results: Results) -> Panel:
    """For each optimizer the rate with the highest validation accuracy, and the curves of these."""
    scores = scores_of(results)
    lines, best = [], []
    for name in RATES:
        label = scores.best(name)
        values = mean_and_deviation(results.values(label, "validation_accuracy")) if label else ()
        lines.append([name, (label or "").removeprefix(f"{name} "), PERCENT(*values) if values else "diverged"])
        best += results.of(label) if label else []
    figure = curves(replace(results, rows=tuple(best)))
    return Panel("Each at the best of its rates", figure, Table(["", "rate", "validation"], lines))


def sparse(results: Results) -> Panel:
    """200 batches of 20 examples for a linear model of sparse features; each optimizer at the best of twelve rates."""
    import jax.numpy as jnp
    import numpy as np

    from jaxcnn.inspect import landscapes

    whole, of_batch = landscapes.sparse_regression()
    start = jnp.zeros(200)
    lines = []
    for name in [name for name in RATES if name != "muon"]:  # without matrices, Muon is Adam
        config = OptimizerConfig(name, 1.0, weight_decay=0.0, weight_decay_multipliers=())
        ends = landscapes.descend(of_batch, start, config, SPARSE_RATES, 200)[:, -1]
        errors = np.nan_to_num([float(whole(jnp.asarray(end))) for end in ends], nan=np.inf)
        best = errors.argmin()
        lines.append([name, f"{SPARSE_RATES[best]:.2g}", f"{errors[best]:.2g}"])
    lines.sort(key=lambda line: float(line[-1]))
    return Panel("Sparse features", table=Table(["", "best rate", "mean squared error after 200 steps"], lines))


SWEEP = Sweep(
    name="optimizers",
    base=changed(PLAIN, {"duration": "3epochs", "optimizer.learning_rate": 0.1}),
    variations={
        f"{name} {rate:g}": {"optimizer.name": name, "optimizer.learning_rate": rate}
        for name, rates in RATES.items()
        for rate in rates
    },
    full=FULL,
    groups=GROUPS,
    panels=(at_their_best, sparse),
    claims=(
        Claim("Momentum and Adam are within two points", "adam", "momentum", within=0.02),
        Claim("Plain descent is behind momentum", "momentum", "sgd"),
        Claim("AdaGrad is behind Adam", "adam", "adagrad"),
        Claim("Muon is ahead of momentum", "muon", "momentum"),
        Claim("Muon is ahead of Adam", "muon", "adam"),
        Claim("Nesterov's momentum is as good as the classical one", "nesterov", "momentum", within=0.01),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
