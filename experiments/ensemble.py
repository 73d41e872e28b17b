"""What do seven networks know together that one does not?

Expectation  Networks with different seeds err on different images. The average of their probabilities is at least as
             good in negative log-likelihood as they are on average (Jensen), better in accuracy by a few points, and
             most of that comes with the first few members (AlexNet's seven: 18.2 -> 15.4 % top-5 error). Monte-Carlo
             dropout is the same with sub-networks of one training: cheaper, and worth less, as its members are alike.
Command      make sweep-ensemble
Cost         seven small convnets, each on its own 5,000 images, 10 epochs: four minutes on two cores; `FULL=1`: all
             images, 50 epochs
Finding      Together seven networks reach 54.96 %, six points above their average (48.85 %) and two above the best, and
             five of them are enough. Thirty sub-networks of one member by dropout are no better than the member itself
             (52.88 and 52.98 %; test; table ensemble).
"""

import numpy as np

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.plots import COLORS, new_figure
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

MEMBERS = 7
HEAD = ["", "accuracy", "negative log-likelihood", "calibration error"]


def averaged(results: Results) -> Panel:
    """The first k members on all test images, k = 1 ... 7."""
    from jaxcnn.inspect import probe

    runs = [results.of(label)[0].run() for label in results.labels]
    photographs, labels = probe.examples(runs[0], 10000)
    each = np.stack([run.predict(photographs) for run in runs])
    separately = [probe.evaluate(member, labels) for member in each]
    average = {name: float(np.mean([scores[name] for scores in separately])) for name in separately[0]}
    seen = {k: probe.evaluate(each[:k].mean(0), labels) for k in range(1, len(runs) + 1)}
    figure, axes = new_figure(12, 3.6, 3)
    for axis, name in zip(axes, ("accuracy", "nll", "calibration_error"), strict=True):
        axis.plot(list(seen), [scores[name] for scores in seen.values()], marker="o", color=COLORS[0])
        axis.axhline(average[name], color=COLORS[3], linestyle="--", label="one of them, on average")
        axis.set(xlabel="networks", title=name.replace("_", " ").replace("nll", "negative log-likelihood"))
    axes[1].legend(frameon=False, loc="center")
    lines = _lines({"one, on average": average, **seen})
    return Panel("The average of k networks", figure, Table(HEAD, lines))


def sub_networks(results: Results) -> Panel:
    """One member: as it is, and the average of k sub-networks that dropout leaves of it."""
    from jaxcnn.inspect import probe
    from jaxcnn.runs import ensembles

    run = results.rows[0].run()
    photographs, labels = probe.examples(run, 10000)
    samples = ensembles.monte_carlo(run, photographs, samples=30)
    seen = {"the network": probe.evaluate(run.predict(photographs), labels)}
    seen |= {f"{k} sub-networks": probe.evaluate(samples[:k].mean(0), labels) for k in (1, 3, 10, 30)}
    return Panel("Monte-Carlo dropout", table=Table(HEAD, _lines(seen)))


def _lines(seen: dict) -> list[list[str]]:
    return [
        [str(name), f"{100 * s['accuracy']:.2f} %", f"{s['nll']:.3f}", f"{s['calibration_error']:.3f}"]
        for name, s in seen.items()
    ]


SWEEP = Sweep(
    name="ensemble",
    base=changed(SMALL, {"model": f"{SMALL.model},dropout=0.3"}),
    variations={f"member {seed + 1}": {"seed": seed} for seed in range(MEMBERS)},
    full=FULL,
    panels=(averaged, sub_networks),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
