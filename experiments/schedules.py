"""How should the learning rate change during the training?

Expectation  A large rate travels far and never settles, a small one settles where it is. So the rate has to fall: by
             tenths at 50 and 75 %, or as half a cosine. A rise at the start lets a larger peak pass without damage:
             warm-up, and one-cycle, which spends a third of the training on it. At the same peak, constant should be
             last.
Command      make sweep-schedules
Cost         the base without normalization under nine schedules, 27 runs: a quarter of an hour on two cores; `FULL=1`:
             30 epochs
Finding      not measured yet
Verdict      not measured yet
"""

import numpy as np

from experiments.base import FULL, PLAIN
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.durations import steps
from jaxcnn.report import Panel, Results
from jaxcnn.report.claims import Claim
from jaxcnn.report.plots import line_style, new_figure
from jaxcnn.sweep import Sweep


def rates(results: Results) -> Panel:
    """The learning rate at each step."""
    import jax
    import jax.numpy as jnp

    from jaxcnn import schedules

    figure, (axis,) = new_figure(8, 3.6)
    for place, label in enumerate(results.labels):
        row = results.of(label)[0]
        total = steps(row.config.duration, row.steps_per_epoch)
        schedule = schedules.build(row.config.schedule, total, row.steps_per_epoch)
        rate = row.config.optimizer.learning_rate * jax.vmap(schedule)(jnp.arange(total))
        axis.plot(np.arange(total) / row.steps_per_epoch, rate, label=label, **line_style(place))
    axis.set(xlabel="epoch", ylabel="learning rate")
    figure.legend(loc="outside right upper", frameon=False)
    return Panel("Schedules", figure)


LARGE = {"optimizer.learning_rate": 0.2}
WARM = {"schedule.warmup": "10%"}
CYCLE = {"schedule.name": "one_cycle"}
CONSTANT = {"schedule.name": "constant"}
SWEEP = Sweep(
    name="schedules",
    base=changed(PLAIN, {"schedule.name": "cosine", "schedule.points": None, "optimizer.learning_rate": 0.05}),
    variations={
        "constant": CONSTANT,
        "step": {"schedule.name": "step"},
        "cosine": {},
        "cosine, warm-up": WARM,
        "one-cycle": CYCLE,
        "constant, rate 0.2": CONSTANT | LARGE,
        "cosine, rate 0.2": LARGE,
        "cosine, warm-up, rate 0.2": LARGE | WARM,
        "one-cycle, rate 0.2": CYCLE | LARGE,
    },
    full=FULL,
    panels=(rates,),
    references={f"{name}, rate 0.2": "constant, rate 0.2" for name in ("cosine", "cosine, warm-up", "one-cycle")},
    claims=(
        Claim("Cosine is better than a constant rate", "cosine", "constant"),
        Claim("Steps are better than a constant rate", "step", "constant"),
        Claim("One-cycle is better than a constant rate", "one-cycle", "constant"),
        Claim("Step and cosine are alike", "step", "cosine", within=0.01),
        Claim("A large peak needs the warm-up", "cosine, warm-up, rate 0.2", "cosine, rate 0.2"),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
