"""How far was this picture turned? A number that goes around in a circle, said in three ways.

Expectation  One number of degrees must jump from 180 to -180, where nothing jumps in the pictures: a network cannot,
             and errs near the jump. Cosine and sine have no jump, nor have classes (Zhou et al. 2019,
             arXiv:1812.07035). Up to 90 degrees to either side there is no jump, and one number should do.
Command      make sweep-rotation SEEDS=3
Cost         quickstart's network for 4 epochs each: half a minute a run on two cores
Finding      not measured yet with three seeds; with one, as expected: a mean error of 49.4 degrees by cosine and
             sine, 51.3 by classes, 67.8 by one number (chance: 90)
"""

from dataclasses import replace

import numpy as np

from experiments.quickstart import CONFIG
from jaxcnn.cli import sweep_main
from jaxcnn.config import LossConfig
from jaxcnn.report import Panel, Results
from jaxcnn.report.plots import line_style, new_figure
from jaxcnn.sweep import Sweep

HALF = "rotation:head={},degrees=90"
VARIATIONS = {
    "cosine and sine": {"task": "rotation:head=vector"},
    "36 classes": {"task": "rotation:head=classes"},
    "degrees, squared error": {"task": "rotation:head=degrees"},
    "degrees, absolute error": {"task": "rotation:head=degrees", "loss.name": "absolute_error"},
    "degrees, Huber": {"task": "rotation:head=degrees", "loss.name": "huber"},
    "degrees, half the circle": {"task": HALF.format("degrees")},
    "normal, half the circle": {"task": HALF.format("normal")},
}
SHOWN = ("cosine and sine", "36 classes", "degrees, squared error", "degrees, absolute error")
TURNS = np.arange(-180, 180, 10)


def over_angles(results: Results) -> Panel:
    """The mean angular error for pictures that were turned by each angle: 500 test images, the first seed."""
    import jax.numpy as jnp

    from jaxcnn.inspect import probe
    from jaxcnn.tasks.rotation import angular_error, turned

    figure, (axis,) = new_figure(8, 4)
    for place, label in enumerate(SHOWN):
        run = results.of(label)[0].run()
        images = jnp.asarray(probe.examples(run, 500)[0])
        background = 255 * jnp.asarray(run.data.mean)
        errors = []
        for angle in TURNS:
            pictures = turned(images, jnp.full(len(images), float(angle)), background)
            answers = run.predict(np.asarray(pictures.round(), np.uint8))
            errors.append(float(angular_error(jnp.asarray(answers), jnp.float32(angle)).mean()))
        axis.plot(TURNS, errors, label=label, **line_style(place))
    axis.set(
        xlabel="turned by (degrees)", ylabel="mean angular error (degrees)", xticks=range(-180, 181, 60), ylim=(0, None)
    )
    axis.legend(frameon=False)
    return Panel("Where the error is", figure)


def intervals(results: Results) -> Panel:
    """How often the angle is inside the interval that a predicted variance gives."""
    from jaxcnn.report.table import Table

    label = "normal, half the circle"
    rows = [row for row in results.of(label) if row.summary]
    lines = [
        [f"{share} %", *(f"{100 * row.summary[f'test_interval_{share}']:.1f} %" for row in rows)] for share in (50, 90)
    ]
    return Panel(
        "Coverage of predicted intervals", table=Table(["interval", *(f"seed {row.seed}" for row in rows)], lines)
    )


SWEEP = Sweep(
    name="rotation",
    base=replace(CONFIG, loss=LossConfig(), tta="none", duration="4epochs", tensorboard=False),
    variations=VARIATIONS,
    panels=(over_angles, intervals),
    metric="test_angular_error",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
