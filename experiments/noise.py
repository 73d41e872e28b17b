"""How much of a difference is chance?

Two trainings with different seeds differ; so do two with the same seed whose numbers were rounded in another order. The
tables of all other questions are to be read against this.

Expectation  Seeds move the test accuracy of a short training by a few tenths of a point. Rounding is as good as another
             seed, because a training enlarges every difference (Zhuang et al. 2021, arXiv:2106.11872): two devices
             compute what one does, in another order, and should be neither better nor closer than another seed.
Command      make sweep-noise
Cost         the base on one and on two devices, ten runs: ten minutes on two cores
Finding      Another seed moves the test accuracy by 0.35 points (standard deviation, n = 5), and the same seed rounded
             in another order by 0.27: two devices are neither better nor much closer than another seed (+0.02 points
             [-0.51, 0.56]; 80.33 ± 0.28 and 80.31 ± 0.41 %).
Verdict      confirmed
"""

import statistics

from experiments.base import BASE
from jaxcnn.cli import sweep_main
from jaxcnn.report import Panel, Results
from jaxcnn.report.claims import Claim
from jaxcnn.report.scores import scores
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

ONE, TWO = "one device", "two devices"


def sources(results: Results) -> Panel:
    """Standard deviations of the test accuracy, in points: between seeds, and between equal seeds."""
    seen = {label: scores(results).values(label, "test_accuracy") for label in (ONE, TWO)}
    between = [statistics.stdev(values.values()) for values in seen.values() if len(values) > 1]
    pairs = [seen[TWO][seed] - seen[ONE][seed] for seed in seen[ONE].keys() & seen[TWO].keys()]
    rounding = statistics.pstdev(pairs, 0.0) / 2**0.5 if pairs else 0.0
    lines = [
        ["another seed", f"{100 * statistics.fmean(between):.2f}" if between else ""],
        ["the same seed, rounded in another order", f"{100 * rounding:.2f}"],
    ]
    return Panel("What moves the test accuracy", table=Table(["", "standard deviation (points)"], lines))


SWEEP = Sweep(
    name="noise",
    base=BASE,
    variations={ONE: {"devices": 1}, TWO: {"devices": 2}},
    seeds=5,
    panels=(sources,),
    claims=(Claim("Two devices are as good as one", TWO, ONE, within=0.01),),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
