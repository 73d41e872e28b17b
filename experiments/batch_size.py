"""How many examples should a step look at: one, some, all?

Expectation  The gradient of a batch of B is the whole one plus noise of variance tr(S) / B, so beyond tr(S) / |G|^2
             examples (McCandlish et al. 2018) more of them gain little. At equal epochs small batches make more steps
             and win; at equal time the hardware decides, and one example per step is the slowest way to use it. The
             rate grows with the batch (Goyal et al. 2017) up to 0.05.
Command      make sweep-batch_size
Cost         a small convnet on 2,000 images, 8 epochs each: a minute and a half on two cores; `FULL=1`: all images, 50
             epochs (one example: hours)
Finding      At equal epochs small batches win: 43.80 % with 8 examples, 36.80 % with 128, and the full batch, after
             eight steps, has 13.25 %. At equal time a batch of one is no better than 32, as expected (n = 1,
             validation; table batch_size).
"""

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.panels import equal_time
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep


def noise(results: Results) -> Panel:
    """The size of gradient and noise at the start and at the end of the training with batches of 32."""
    from jaxcnn.inspect import probe
    from jaxcnn.inspect.network import normalized

    row = results.of("32")[0]
    run = row.run()
    photographs, labels = probe.examples(run, 2000)
    images = normalized(run, photographs)
    model, fresh = probe.init_model(row.config.model, row.seed)
    lines = []
    for when, variables in {"at step 0": fresh, "trained": run.variables}.items():
        gradient, variance = probe.gradient_noise(model, variables, images, labels, batch_size=20)
        scale = f"{variance / gradient:,.0f}" if gradient > 0 else "more than can be seen"
        lines.append([when, f"{gradient:.3g}", f"{variance:.3g}", scale])
    head = ["2,000 test images", "gradient, squared norm", "variance of one example's", "noise scale (examples)"]
    return Panel("Gradient noise", table=Table(head, lines))


def size(examples: int) -> dict[str, float | int]:
    return {"batch_size": examples, "optimizer.learning_rate": min(0.02 * examples / 64, 0.05)}


SWEEP = Sweep(
    name="batch_size",
    base=changed(SMALL, {"data.train": 2000, "duration": "8epochs", "schedule.name": "constant"}),
    variations={
        "one": size(1),
        **{str(examples): size(examples) for examples in (8, 32, 128, 512)},
        "all (2,000)": size(2000),
    },
    full=FULL,
    panels=(equal_time, noise),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
