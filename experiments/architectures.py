"""Which architecture, at the same number of parameters and at the same time?

Expectation  At equal parameters the later networks of the family tree win, as convolutions share their weights and
             residual or depthwise blocks use them better. At equal time on a CPU the simple ones are ahead: few large
             products are cheap, many thin layers and depthwise convolutions are not.
Command      make sweep-architectures
Cost         networks of 54,000 to 98,000 parameters on 5,000 images, 4 epochs each, all by one and the same recipe,
             which is nobody's best; `FULL=1`: all images, 50 epochs
Finding      not measured yet
"""

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config import changed
from jaxcnn.report.panels import equal_time
from jaxcnn.sweep import Sweep

MODELS = {
    "mlp": "mlp:hidden=(26,)",
    "lenet5": "lenet5",
    "convnet": "convnet:widths=(16,32,64),hidden=64",
    "vgg11": "vgg11_bn:widths=(8,16,32,48,48)",
    "googlenet": "googlenet:width=0.12",
    "resnet8": "resnet20:blocks=(1,1,1)",
    "se_resnet8": "se_resnet20:blocks=(1,1,1)",
    "mobilenet_v1": "mobilenet_v1:width=0.15",
    "shufflenet_v2": "shufflenet_v2:widths=(24,48,96),top=128",
    "convnext": "convnext_tiny:blocks=(1,1,2),widths=(16,32,64)",
    "quicknet": "quicknet:stem=16,widths=(32,64)",
}
SWEEP = Sweep(
    name="architectures",
    base=changed(SMALL, {"duration": "4epochs", "checkpoint_every": "4epochs"}),
    variations={label: {"model": model} for label, model in MODELS.items()},
    full=FULL,
    panels=(equal_time,),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
