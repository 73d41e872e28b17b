"""CIFAR-100 from a network that knows CIFAR-10, against CIFAR-100 from scratch; for those who have both data sets.

Command   python -m experiments.cifar100_from_cifar10      (or: make sweep-cifar100_from_cifar10)
"""

from dataclasses import replace

from jaxcnn.cli import sweep_main
from jaxcnn.config import Config, DataConfig, OptimizerConfig, ScheduleConfig
from jaxcnn.sweep import Sweep

CIFAR10 = Config(
    name="cifar100_from_cifar10-base",
    model="quicknet:kernel_init=dirac",
    augment=("crop:padding=2,mode=reflect", "alternating_flip"),
    optimizer=OptimizerConfig(name="muon", learning_rate=0.08, weight_decay=0.01),
    schedule=ScheduleConfig(name="cosine"),
    duration="2epochs",
    batch_size=500,
    dtype="auto",
    tensorboard=False,
)

TAKEN = {"init.source": "runs/cifar100_from_cifar10-base", "init.restore": [["head/*", "init"], ["*", "load"]]}

SWEEP = Sweep(
    name="cifar100_from_cifar10",
    first=(CIFAR10,),
    base=replace(CIFAR10, data=DataConfig(name="cifar100")),
    variations={
        "from nothing": {},
        "from CIFAR-10": TAKEN,
        "from CIFAR-10, head first": {**TAKEN, "optimizer.unfreeze": [["head/*", "0%"], ["*", "25%"]]},
    },
    full={"duration": "30epochs"},
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
