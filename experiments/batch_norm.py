"""What does batch normalization do, and what when batches are small?

Expectation  Normalized layers train faster and tolerate a larger rate. Statistics of few examples are noisy and differ
             from the running ones that evaluation uses: with four per batch the gap between training and validation
             grows, and group or layer normalization, which need no batch, lead. Without learned scale and shift little
             is lost where a layer follows. Statistics of each of two devices are those of half a batch.
Command      make sweep-batch_norm
Cost         the bases with other normalizations, and batches of 4 and 16 on 10,000 images, 45 runs: half an hour on two
             cores; `FULL=1`: 30 epochs
Finding      not measured yet
Verdict      not measured yet
"""

from experiments.base import FULL, PLAIN
from jaxcnn.cli import sweep_main
from jaxcnn.report.claims import Claim
from jaxcnn.report.panels import gap
from jaxcnn.sweep import Sweep

RATE = {"optimizer.learning_rate": 0.4}
EIGHT = {"data.train": 10000, "duration": "5000steps", "evaluate_every": "1250steps", "log_every": "1250steps"}
FEW = EIGHT | {"batch_size": 4, "optimizer.learning_rate": 0.01}
SOME = EIGHT | {"batch_size": 16, "optimizer.learning_rate": 0.03}
TWO_OF_FOUR = EIGHT | {"batch_size": 8, "optimizer.learning_rate": 0.02, "devices": 2}


def with_norm(name: str, scale: bool = True) -> dict[str, str]:
    return {"model": f"quicknet:stem=24,widths=(48,96),norm={name},norm_scale={str(scale).lower()}"}


SWEEP = Sweep(
    name="batch_norm",
    base=PLAIN,
    variations={
        "none": with_norm("none"),
        "batch": with_norm("batch"),
        "batch, no scale and shift": with_norm("batch", scale=False),
        "group": with_norm("group"),
        "layer": with_norm("layer"),
        "none, rate 0.4": with_norm("none") | RATE,
        "batch, rate 0.4": with_norm("batch") | RATE,
        **{f"{name}, batches of 4": with_norm(name) | FEW for name in ("none", "batch", "group")},
        **{f"{name}, batches of 16": with_norm(name) | SOME for name in ("none", "batch", "group")},
        "batch, 2 devices, sync": with_norm("batch") | TWO_OF_FOUR,
        "batch, 2 devices, each its own": with_norm("batch") | TWO_OF_FOUR | {"batch_norm": "local"},
    },
    full=FULL,
    panels=(gap,),
    references={
        "batch, rate 0.4": "none, rate 0.4",
        "batch, 2 devices, each its own": "batch, 2 devices, sync",
        **{f"{name}, batches of {size}": f"none, batches of {size}" for name in ("batch", "group") for size in (4, 16)},
    },
    claims=(
        Claim("Batch normalization trains faster", "batch", "none"),
        Claim("It tolerates four times the rate", "batch, rate 0.4", "batch", within=0.02),
        Claim("Without it that rate is too high", "none", "none, rate 0.4"),
        Claim("Scale and shift hardly matter", "batch, no scale and shift", "batch", within=0.01),
        Claim("At batches of 4 group normalization leads", "group, batches of 4", "batch, batches of 4"),
        Claim("At batches of 16 they are alike", "group, batches of 16", "batch, batches of 16", within=0.02),
        Claim(
            "Statistics of 4 images a device are worse than of all 8",
            "batch, 2 devices, sync",
            "batch, 2 devices, each its own",
        ),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
