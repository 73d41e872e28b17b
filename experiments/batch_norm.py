"""What does batch normalization do, and what when batches are small?

Expectation  Normalized layers train faster and tolerate a larger rate. Statistics of few examples are noisy and differ
             from the running ones that evaluation uses: with four per batch the gap between training and validation
             grows, and group or layer normalization, which need no batch, lead. Without learned scale and shift little
             is lost where a layer follows. Statistics of each of two devices are those of half a batch.
Command      make sweep-batch_norm
Cost         a small convnet on 5,000 images, 8 epochs each (small batches: 3): four minutes on two cores; `FULL=1`: all
             images, 50 epochs
Finding      Batch normalization ends at 53.85 % against 49.95 % without, and tolerates five times the rate (55.80 %),
             at which the plain network stays at chance (10.00 %). With batches of 4, two devices with statistics of
             their own lose five points against synchronized ones (n = 1, validation; table batch_norm).
"""

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report.panels import gap
from jaxcnn.sweep import Sweep

FAST = {"optimizer.learning_rate": 0.1}
FEW = {"batch_size": 4, "optimizer.learning_rate": 0.005, "duration": "3epochs"}
TWO_OF_FOUR = FEW | {"devices": 2, "batch_size": 8, "optimizer.learning_rate": 0.01}


def with_norm(name: str, scale: bool = True) -> dict[str, str]:
    return {"model": f"convnet:widths=(16,32,64),hidden=64,norm={name},norm_scale={str(scale).lower()}"}


SWEEP = Sweep(
    name="batch_norm",
    base=changed(SMALL, {"duration": "8epochs"}),
    variations={
        "none": with_norm("none"),
        "batch": with_norm("batch"),
        "batch, no scale and shift": with_norm("batch", scale=False),
        "group": with_norm("group"),
        "layer": with_norm("layer"),
        "none, rate 0.1": with_norm("none") | FAST,
        "batch, rate 0.1": with_norm("batch") | FAST,
        "none, batches of 4": with_norm("none") | FEW,
        "batch, batches of 4": with_norm("batch") | FEW,
        "group, batches of 4": with_norm("group") | FEW,
        "batch, 2 devices, sync": with_norm("batch") | TWO_OF_FOUR,
        "batch, 2 devices, each its own": with_norm("batch") | TWO_OF_FOUR | {"batch_norm": "local"},
    },
    full=FULL,
    panels=(gap,),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
