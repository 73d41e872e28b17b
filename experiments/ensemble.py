"""What do five networks know together that one does not?

Expectation  Networks with different seeds err on different images. The average of their probabilities is at least as
             good in negative log-likelihood as they are on average (Jensen), better in accuracy by a few points, and
             most of that comes with the first few members (AlexNet's seven: 18.2 -> 15.4 % top-5 error). Monte-Carlo
             dropout is the same with sub-networks of one training: cheaper, and worth less, as its members are alike.
Command      make sweep-ensemble
Cost         five bases, and five with dropout, without label smoothing: eight minutes on two cores; `FULL=1`: 30 epochs
Finding      not measured yet
Verdict      not measured yet
"""

import math
from functools import cache

import numpy as np

from experiments.base import BASE, FULL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results, Row
from jaxcnn.report.claims import Claim
from jaxcnn.report.plots import COLORS, new_figure
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

SUB_NETWORKS = 30
HEAD = ["", "accuracy", "negative log-likelihood", "calibration error"]


@cache
def probabilities(row: Row) -> np.ndarray:
    """Those of a network on all test images [N, classes]."""
    from jaxcnn.inspect import probe

    return row.run().predict(probe.examples(row.run(), 10000)[0])


@cache
def labels(row: Row) -> np.ndarray:
    from jaxcnn.inspect import probe

    return probe.examples(row.run(), 10000)[1]


def gain(results: Results, row: Row) -> float:
    """What the average of all networks has more in accuracy than this one."""
    together = np.mean([probabilities(each) for each in results.of("no dropout")], axis=0)
    return accuracy(together, row) - accuracy(probabilities(row), row)


def accuracy(seen: np.ndarray, row: Row) -> float:
    return float((seen.argmax(1) == labels(row)).mean())


def sub_network_gain(row: Row) -> float:
    """What the average of a network's sub-networks by dropout has more in accuracy than the network."""
    return accuracy(sampled(row).mean(0), row) - accuracy(probabilities(row), row)


@cache
def sampled(row: Row) -> np.ndarray:
    """Probabilities of the sub-networks [S, N, classes]."""
    from jaxcnn.inspect import probe
    from jaxcnn.runs import ensembles

    return ensembles.monte_carlo(row.run(), probe.examples(row.run(), 10000)[0], samples=SUB_NETWORKS)


def averaged(results: Results) -> Panel:
    """The first k networks on all test images."""
    from jaxcnn.inspect import probe

    rows = results.of("no dropout")
    each = np.stack([probabilities(row) for row in rows])
    separately = [probe.evaluate(member, labels(rows[0])) for member in each]
    average = {name: float(np.mean([scores[name] for scores in separately])) for name in separately[0]}
    seen = {k: probe.evaluate(each[:k].mean(0), labels(rows[0])) for k in range(1, len(rows) + 1)}
    figure, axes = new_figure(12, 3.6, 3)
    for axis, name in zip(axes, ("accuracy", "nll", "calibration_error"), strict=True):
        axis.plot(list(seen), [scores[name] for scores in seen.values()], marker="o", color=COLORS[0])
        axis.axhline(average[name], color=COLORS[3], linestyle="--", label="one of them, on average")
        axis.set(xlabel="networks", title=name.replace("_", " ").replace("nll", "negative log-likelihood"))
        axis.set_xticks(list(seen))
    axes[1].legend(frameon=False, loc="center")
    lines = _lines({"one, on average": average, **seen})
    return Panel("The average of k networks", figure, Table(HEAD, lines))


def sub_networks(results: Results) -> Panel:
    """A network with dropout: as it is, and the average of k sub-networks that dropout leaves of it."""
    from jaxcnn.inspect import probe

    row = results.of("dropout")[0]
    seen = {"the network": probe.evaluate(probabilities(row), labels(row))}
    counts = (1, 3, 10, SUB_NETWORKS)
    seen |= {f"{k} sub-networks": probe.evaluate(sampled(row)[:k].mean(0), labels(row)) for k in counts}
    return Panel("Monte-Carlo dropout", table=Table(HEAD, _lines(seen)))


def _lines(seen: dict) -> list[list[str]]:
    return [
        [str(name), f"{100 * s['accuracy']:.2f} %", f"{s['nll']:.3f}", f"{s['calibration_error']:.3f}"]
        for name, s in seen.items()
    ]


SWEEP = Sweep(
    name="ensemble",
    base=changed(BASE, {"loss.smoothing": 0.0}),
    variations={"no dropout": {}, "dropout": {"model": f"{BASE.model},dropout=0.3"}},
    full=FULL,
    seeds=5,
    panels=(averaged, sub_networks),
    measures={
        "share_gained_together": lambda results, row: gain(results, row) if row.label == "no dropout" else math.nan,
        "share_gained_by_dropout": lambda _, row: sub_network_gain(row) if row.label == "dropout" else math.nan,
    },
    claims=(
        Claim("Five networks together are better than each of them", "no dropout", "", "share_gained_together"),
        Claim("by at least a point", "no dropout", "", "share_gained_together", beyond=0.01),
        Claim("Sub-networks by dropout are better than the network", "dropout", "", "share_gained_by_dropout"),
        Claim("and worth less than five networks", "dropout", "", "share_gained_by_dropout", within=0.01),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
