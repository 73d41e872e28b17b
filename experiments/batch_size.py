"""How many examples should a step look at: one, some, all?

Expectation  The gradient of a batch of B is the whole one plus noise of variance tr(S) / B, so beyond tr(S) / |G|^2
             examples (McCandlish et al. 2018) more of them gain little. At equal epochs small batches make more steps
             and win, though the rate grows with the batch (Goyal et al. 2017) up to 0.2; at equal time the hardware
             decides, and the smallest batches use it worst.
Command      make sweep-batch_size
Cost         the base without normalization at five sizes, 15 runs: ten minutes on two cores that multiply bfloat16,
             40 on two that do not; `FULL=1`: 30 epochs
Finding      At five equal epochs 500 images a step cost 4.60 points [2.48, 6.72] against 125, and 2,000 cost 26.38
             [16.40, 36.36]: 67.46 ± 0.88, 45.67 ± 3.99 and 72.05 ± 0.06 % (n = 3, test); 25 images, with five times the
             steps, reach 72.90 ± 0.20 %. They took no more processor time either, on a CPU without bfloat16.
Verdict      confirmed
"""

from experiments.base import FULL, PLAIN
from jaxcnn.cli import sweep_main
from jaxcnn.report import Panel, Results
from jaxcnn.report.claims import Claim
from jaxcnn.report.panels import equal_time
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep


def noise(results: Results) -> Panel:
    """The size of gradient and noise at the start and at the end of the training with batches of 125."""
    from jaxcnn.inspect import probe
    from jaxcnn.inspect.network import normalized

    row = results.of("125")[0]
    run = row.run()
    photographs, labels = probe.training_examples(run, 2000)
    images = normalized(run, photographs)
    model, fresh = probe.init_model(row.config.model, row.seed)
    lines = []
    for when, variables in {"at step 0": fresh, "trained": run.variables}.items():
        gradient, variance = probe.gradient_noise(model, variables, images, labels, batch_size=20)
        scale = f"{variance / gradient:,.0f}" if gradient > 0 else "more than can be seen"
        lines.append([when, f"{gradient:.3g}", f"{variance:.3g}", scale])
    head = ["2,000 training images", "gradient, squared norm", "variance of one example's", "noise scale (examples)"]
    return Panel("Gradient noise", table=Table(head, lines))


def size(examples: int) -> dict[str, float | int]:
    return {"batch_size": examples, "optimizer.learning_rate": min(0.1 * examples / 125, 0.2)}


SIZES = (25, 50, 125, 500, 2000)
SWEEP = Sweep(
    name="batch_size",
    base=PLAIN,
    variations={str(examples): size(examples) for examples in SIZES},
    full=FULL,
    panels=(equal_time, noise),
    references=dict.fromkeys(map(str, SIZES), "125"),
    claims=(
        Claim("At equal epochs 125 images a step are better than 500", "125", "500"),
        Claim("500 are better than 2,000", "500", "2000"),
        Claim("25, with five times the steps, are as good as 125", "25", "125", within=0.02),
        Claim("25 take more time for the same images", "25", "125", "cpu_seconds"),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
