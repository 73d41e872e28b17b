"""How should an image get smaller, and does the answer stay when the image moves?

Expectation  The greatest value of a window says whether a feature is there and forgets where: max-pooling should
             tolerate small shifts best. The average blurs. A convolution of stride 2 learns how to shrink, costs less,
             and skips positions, so that an odd shift shows it other pixels (Zhang 2019, arXiv:1904.11486).
Command      make sweep-pooling
Cost         a small convnet on 5,000 images, 10 epochs each: two minutes on two cores a seed; `FULL=1`: all images, 50
             epochs
Finding      Not as expected: average pooling tolerates shifts best, and reaches 53.87 ± 0.98 % against 46.71 ± 0.53 %
             with strides (n = 3, test). Max-pooling, 51.08 ± 3.50 %, varies too much to be ranked (table pooling).
"""

import numpy as np

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.report import Panel, Results
from jaxcnn.report.plots import line_style, new_figure
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

KINDS = {"max": "max", "average": "average", "strided convolution": "stride"}
SHIFTS = tuple(range(5))


def shifts(results: Results) -> Panel:
    """How many of 2,000 test images keep their class when they are moved to the right, the edge reflected."""
    import jax.numpy as jnp

    from jaxcnn.augment import translate
    from jaxcnn.inspect import probe

    figure, (axis,) = new_figure(7, 3.6)
    lines = []
    for place, label in enumerate(KINDS):
        run = results.of(label)[0].run()
        photographs, right = jnp.asarray(probe.examples(run, 2000)[0]), jnp.tile(jnp.array([0, 1]), (2000, 1))
        decided = [run.predict(np.asarray(translate(photographs, right * by, max(SHIFTS), "reflect"))) for by in SHIFTS]
        same = [(each.argmax(1) == decided[0].argmax(1)).mean() for each in decided]
        axis.plot(SHIFTS, [100 * share for share in same], marker="o", label=label, **line_style(place))
        lines.append([label, *(f"{100 * share:.1f} %" for share in same[1:])])
    axis.set(xlabel="shift (pixels)", ylabel="same class (%)", xticks=SHIFTS)
    axis.legend(frameon=False)
    head = ["same class after a shift of", *(f"{by} pixels" for by in SHIFTS[1:])]
    return Panel("Invariance to shifts", figure, Table(head, lines))


SWEEP = Sweep(
    name="pooling",
    base=SMALL,
    variations={label: {"model": f"{SMALL.model},pool={kind}"} for label, kind in KINDS.items()},
    full=FULL,
    panels=(shifts,),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
