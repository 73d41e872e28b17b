"""Does a deep VGG train better from a shallow one? As its authors did: the new layers fresh, the others from VGG-11.

Simonyan and Zisserman (2015, section 3.1) trained column A first and started deeper columns from its first four
convolutions and its dense layers. Here the network is thin, and all of A's layers are taken, each to its new place: the
second convolution of A is the third of B. There is no batch normalisation, as there was none in 2015.

Command   python -m experiments.vgg_progressive --seeds 3      (or: make sweep-vgg_progressive SEEDS=3)
"""

from dataclasses import replace

from jaxcnn.cli import sweep_main
from jaxcnn.config import Config, InitConfig, OptimizerConfig, ScheduleConfig
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


def places(shallow: tuple[int, ...], deep: tuple[int, ...]) -> list[tuple[str, str]]:
    """Rules that take each convolution of the shallow network to its place in the deep one, by convolutions a stage."""
    rules, first, new = [], 0, 0
    for few, many in zip(shallow, deep, strict=True):
        rules += [(f"Conv_{first + index}/*", f"take Conv_{new + index}/*") for index in range(few)]
        first, new = first + few, new + many
    return [*rules, ("Conv_*", "fresh"), ("Dense_0/*", "take")]


def deeper(columns: dict[str, tuple[int, ...]]) -> dict[str, dict[str, object]]:
    start = {"init.from_": "runs/vgg_progressive-11"}
    runs: dict[str, dict[str, object]] = {}
    for name, depths in columns.items():
        runs[f"{name} from nothing"] = {"model": f"{name}:{THIN}"}
        restore = places((1, 1, 2, 2, 2), depths)
        runs[f"{name} from vgg11"] = {"model": f"{name}:{THIN}", **start, "init.restore": restore}
    return runs


SWEEP = Sweep(
    name="vgg_progressive",
    first=(SHALLOW,),
    base=replace(SHALLOW, init=InitConfig()),
    variations=deeper({"vgg13": (2, 2, 2, 2, 2), "vgg16": (2, 2, 3, 3, 3)}),
    full={"duration": "60epochs"},
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
