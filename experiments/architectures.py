"""Which architecture, at the same number of parameters and at the same time?

Expectation  At equal parameters the later networks of the family tree win, as convolutions share their weights and
             residual or depthwise blocks use them better. At equal time on a CPU the simple ones are ahead: few large
             products are cheap, many thin layers and depthwise convolutions are not.
Command      make sweep-architectures
Cost         networks of 85,000 to 98,000 parameters (LeNet-5: 62,006) on 5,000 images at the same constant rate, which
             is not the best of any: from 3 epochs for GoogLeNet to 60 for the MLP, eight minutes on two cores, half of
             them GoogLeNet's; `FULL=1`: all images
Finding      At equal time the simple networks lead, as expected: after 14 s the convnet has 44.75 %, while GoogLeNet
             needs 232 s for three epochs. At equal epochs VGG-11 leads with 44.40 % and the depthwise networks are last
             (n = 1, validation; table architectures).
"""

from experiments.small import SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.panels import equal_time
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

MODELS = {
    "mlp": ("mlp:hidden=(28,)", 60),
    "lenet5": ("lenet5", 20),
    "convnet": ("convnet:widths=(16,32,64),hidden=64", 10),
    "vgg11": ("vgg11_bn:widths=(8,16,32,48,48)", 8),
    "googlenet": ("googlenet:width=0.12", 3),
    "resnet8": ("resnet20:blocks=(1,1,1),widths=(17,34,68)", 4),
    "se_resnet8": ("se_resnet20:blocks=(1,1,1),widths=(17,34,68)", 4),
    "mobilenet_v1": ("mobilenet_v1:width=0.15", 5),
    "shufflenet_v2": ("shufflenet_v2:widths=(32,64,128),final=128", 4),
    "convnext": ("convnext_tiny:blocks=(1,1,2),widths=(16,32,64)", 4),
    "quicknet": ("quicknet:stem=16,widths=(36,72)", 6),
}
"""Network and how many epochs it is trained for, so that all take about the same time on a CPU."""
FEWEST = min(epochs for _, epochs in MODELS.values())


def equal_epochs(results: Results) -> Panel:
    """Validation accuracy when all had seen each image as often as the slowest did in all."""
    lines = []
    for label in results.labels:
        row = results.of(label)[0]
        seen = [entry for entry in row.history if entry["split"] == "validation"]
        after = [entry["accuracy"] for entry in seen if entry["step"] == FEWEST * row.steps_per_epoch]
        counts = [f"{row.summary[name]:,}" for name in ("parameters", "macs")] if row.summary else ["", ""]
        lines.append([label, *counts, f"{100 * after[0]:.2f} %" if after else ""])
    head = ["", "parameters", "MACs per image", f"validation after {FEWEST} epochs"]
    return Panel("At equal epochs", table=Table(head, lines))


SWEEP = Sweep(
    name="architectures",
    base=changed(SMALL, {"schedule.name": "constant"}),
    variations={label: {"model": model, "duration": f"{epochs}epochs"} for label, (model, epochs) in MODELS.items()},
    full={"data.train": 0, "data.validation": 5000},
    panels=(equal_epochs, equal_time),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
