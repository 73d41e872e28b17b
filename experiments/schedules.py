"""How should the learning rate change during the training?

Expectation  A large rate travels far and never settles, a small one settles where it is. So the rate has to fall: by
             tenths at 50 and 75 %, or as half a cosine. A rise at the start lets a larger peak pass without damage:
             warm-up, and one-cycle, which spends a third of the training on it. At the same peak, constant should be
             last.
Command      make sweep-schedules
Cost         a small convnet on 5,000 images, 10 epochs each: four minutes on two cores; `FULL=1`: all images, 50 epochs
Finding      A constant rate is last, 44.95 % at a peak of 0.02, as expected; step, cosine and one-cycle are alike
             (50.70 to 52.85 %; n = 1, validation). At a peak of 0.06 what counts is the warm-up: 43.15 % without, 50.10
             % with it (table schedules).
"""

import numpy as np

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.durations import steps
from jaxcnn.report import Panel, Results
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


LARGE = {"optimizer.learning_rate": 0.06}
WARM = {"schedule.warmup": "10%"}
SWEEP = Sweep(
    name="schedules",
    base=SMALL,
    variations={
        "constant": {"schedule.name": "constant"},
        "step": {"schedule.name": "step"},
        "cosine": {},
        "cosine, warm-up": WARM,
        "one-cycle": {"schedule.name": "one_cycle"},
        "constant, rate 0.06": {"schedule.name": "constant", **LARGE},
        "cosine, rate 0.06": LARGE,
        "cosine, warm-up, rate 0.06": LARGE | WARM,
        "one-cycle, rate 0.06": {"schedule.name": "one_cycle", **LARGE},
    },
    full=FULL,
    panels=(rates,),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
