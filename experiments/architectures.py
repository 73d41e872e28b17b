"""Which architecture, at the same number of parameters and at the same time?

Expectation  At equal parameters the later networks of the family tree win, as convolutions share their weights and
             residual or depthwise blocks use them better. At equal time on a CPU the simple ones are ahead: few large
             products are cheap, many thin layers and depthwise convolutions are not.
Command      make sweep-architectures
Cost         networks of 85,000 to 98,000 parameters (LeNet-5: 62,006) on all images, each at the best of three rates,
             33 runs of about the same time: two hours on two cores
Finding      not measured yet
Verdict      not measured yet
"""

from experiments.base import BASE
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report.claims import Claim
from jaxcnn.report.panels import equal_time
from jaxcnn.sweep import Sweep

MODELS = {
    "convnet": ("convnet:widths=(16,32,64),hidden=64", 9),
    "mlp": ("mlp:hidden=(28,)", 40),
    "lenet5": ("lenet5", 18),
    "vgg11": ("vgg11_bn:widths=(8,16,32,48,48)", 7),
    "googlenet": ("googlenet:width=0.12", 2),
    "resnet8": ("resnet20:blocks=(1,1,1),widths=(17,34,68)", 4),
    "se_resnet8": ("se_resnet20:blocks=(1,1,1),widths=(17,34,68)", 4),
    "mobilenet_v1": ("mobilenet_v1:width=0.15", 5),
    "shufflenet_v2": ("shufflenet_v2:widths=(32,64,128),final=128", 4),
    "convnext": ("convnext_tiny:blocks=(1,1,2),widths=(16,32,64)", 4),
    "quicknet": ("quicknet:stem=16,widths=(36,72)", 7),
}
"""Network and how many epochs it is trained for, so that all take about the same time on a CPU."""
RATES = (0.01, 0.03, 0.1)
GROUPS = {name: tuple(f"{name} {rate:g}" for rate in RATES) for name in MODELS}


SWEEP = Sweep(
    name="architectures",
    base=changed(BASE, {"optimizer.weight_decay": 0.01, "batch_size": 125}),
    variations={
        f"{name} {rate:g}": {"model": model, "duration": f"{epochs}epochs", "optimizer.learning_rate": rate}
        for name, (model, epochs) in MODELS.items()
        for rate in RATES
    },
    groups=GROUPS,
    panels=(equal_time,),
    claims=(
        Claim("A convolutional network is better than a dense one", "convnet", "mlp"),
        Claim("A residual network is better than LeNet-5", "resnet8", "lenet5"),
        Claim("At equal time the simple convnet is ahead of GoogLeNet", "convnet", "googlenet"),
        Claim("and of MobileNet", "convnet", "mobilenet_v1"),
        Claim("and of ConvNeXt", "convnet", "convnext"),
        Claim("The network made for short trainings leads", "quicknet", "convnet"),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
