"""Which optimizer, each at its best rate, and where do the adaptive ones win?

Expectation  At their best rates the optimizers are closer than their reputations: momentum and Adam within a point or
             two, plain descent behind in so few epochs, AdaGrad slowed by a sum that only grows, Muon fastest on
             matrices. On sparse features, whose gradients come seldom, a rate per weight is what counts, and adaptive
             ones win.
Command      make sweep-optimizers
Cost         nine optimizers at three rates: a small convnet on 5,000 images, 3 epochs: six minutes on two cores;
             `FULL=1`: all images, 50 epochs
Finding      At the best of three rates Muon leads with 53.90 %, and the others are within a few points of each other (n
             = 1, validation, 3 epochs). The rate matters as much as the optimizer; on sparse features AdaGrad wins
             (table optimizers).
"""

from dataclasses import replace

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config import OptimizerConfig
from jaxcnn.config_json import changed
from jaxcnn.measures import PERCENT
from jaxcnn.report import Panel, Results, mean_and_deviation
from jaxcnn.report.plots import curves
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

RATES = {
    "sgd": (0.03, 0.1, 0.3),
    "momentum": (0.003, 0.01, 0.03),
    "nesterov": (0.003, 0.01, 0.03),
    "adagrad": (0.01, 0.03, 0.1),
    "rmsprop": (0.001, 0.003, 0.01),
    "adam": (0.001, 0.003, 0.01),
    "adamw": (0.001, 0.003, 0.01),
    "lion": (0.0003, 0.001, 0.003),
    "muon": (0.01, 0.03, 0.1),
}
SPARSE_RATES = tuple(3.0**k for k in range(-8, 4))


def at_their_best(results: Results) -> Panel:
    """For each optimizer the rate with the highest validation accuracy, and the curves of these."""
    lines, best = [], []
    for name, rates in RATES.items():
        seen = {rate: mean_and_deviation(results.values(f"{name} {rate:g}", "validation_accuracy")) for rate in rates}
        rate = max((rate for rate in rates if seen[rate][0] == seen[rate][0]), key=lambda r: seen[r][0], default=None)
        lines.append([name, f"{rate:g}", PERCENT(*seen[rate])] if rate else [name, "", "diverged"])
        best += results.of(f"{name} {rate:g}") if rate else []
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
    base=changed(SMALL, {"duration": "3epochs", "checkpoint_every": "3epochs"}),
    variations={
        f"{name} {rate:g}": {"optimizer.name": name, "optimizer.learning_rate": rate}
        for name, rates in RATES.items()
        for rate in rates
    },
    full=FULL,
    panels=(at_their_best, sparse),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
