"""Does a deep VGG train better from a shallow one than from random weights?

Simonyan and Zisserman (2015, section 3.1) trained column A first and started deeper columns from its first four
convolutions and its dense layers. Here the network is thin, and all of A's layers are taken, each to its own stage: the
second convolution of A begins the second stage, as the third of B does. There is no batch normalization, as there was
none in 2015.

Expectation  Without normalization a signal fades or grows from layer to layer, the more the deeper, so that sixteen
             layers should start slowly from nothing, and gain more from a start than thirteen. The source has already
             been trained for as many epochs: a control of equal work trains from nothing twice as long.
Command      make sweep-vgg_progressive
Cost         VGG-11 of a quarter of the width for 4 epochs of CIFAR-10, then networks of 13 and 16 layers for 4 epochs
             each from it and from nothing, and from nothing for 8, 18 runs: forty minutes on two cores; `FULL=1`: 60
             epochs, and as many for the controls
Finding      not measured yet
Verdict      not measured yet
"""

from dataclasses import replace

from jaxcnn.cli import sweep_main
from jaxcnn.config import Config, InitConfig, OptimizerConfig, ScheduleConfig
from jaxcnn.report.claims import Claim
from jaxcnn.sweep import Sweep

THIN = "widths=(16,32,64,128,128)"

SHALLOW = Config(
    name="vgg_progressive-11",
    model=f"vgg11:{THIN}",
    augment=("crop:padding=4", "flip"),
    optimizer=OptimizerConfig(name="adam", learning_rate=0.001),
    schedule=ScheduleConfig(name="cosine", warmup="5%"),
    duration="4epochs",
    batch_size=250,
    dtype="auto",
    tensorboard=False,
)


# What a column has and column A has not starts from nothing; all else has A's names, stage by stage.
FRESH = {
    "vgg13": (("stage[12]_conv2/*", "init"),),
    "vgg16": (("stage[12]_conv2/*", "init"), ("stage[345]_conv3/*", "init")),
}


def deeper() -> dict[str, dict[str, object]]:
    runs: dict[str, dict[str, object]] = {}
    for name, fresh in FRESH.items():
        start = {"init.source": "runs/vgg_progressive-11", "init.restore": (*fresh, ("*", "load"))}
        runs[f"{name} from nothing"] = {"model": f"{name}:{THIN}"}
        runs[f"{name} from vgg11"] = {"model": f"{name}:{THIN}", **start}
        runs[f"{name} from nothing, twice as long"] = {"model": f"{name}:{THIN}", "duration": "8epochs"}
    return runs


SWEEP = Sweep(
    name="vgg_progressive",
    first=(SHALLOW,),
    base=replace(SHALLOW, init=InitConfig()),
    variations=deeper(),
    full={"duration": "60epochs"},
    references={
        f"{name} {how}": f"{name} from nothing"
        for name in FRESH
        for how in ("from vgg11", "from nothing, twice as long")
    },
    claims=(
        *(Claim(f"{n} is better from vgg11", f"{n} from vgg11", f"{n} from nothing") for n in FRESH),
        *(
            Claim(f"{n} is better even at equal work", f"{n} from vgg11", f"{n} from nothing, twice as long")
            for n in FRESH
        ),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
