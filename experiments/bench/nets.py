"""The networks of the race; every contender has its own definition under the same name."""

from dataclasses import dataclass

CLASSES = 10
SIDE = 32
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.01, 0.9, 5e-4
"""Every contender takes Nesterov steps with coupled decay; how far it steps does not change how long it takes."""


@dataclass(frozen=True)
class Net:
    batch: int
    frozen: tuple[str, ...] = ()
    """Parameters of `jaxcnn.MODELS`' network that do not train; those of the others are frozen likewise."""


NETS = {
    "airbench94": Net(2000, frozen=("whitening/kernel",)),
    "resnet20": Net(128),
    "resnet18": Net(128),
    "vgg16_bn": Net(128),
    "mobilenet_v1": Net(128),
    "quicknet": Net(500),
}
