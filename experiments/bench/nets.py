"""The networks of the race; every contender has its own definition under the same name."""

from dataclasses import dataclass

CLASSES = 10
SIDE, CHANNELS = 32, 3
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.01, 0.9, 5e-4
"""Every contender takes Nesterov steps with coupled decay; how far it steps does not change how long it takes."""


@dataclass(frozen=True)
class Net:
    batch: int
    frozen: tuple[str, ...] = ()
    """Parameters of `jaxcnn.MODELS`' network that do not train; those of the others are frozen likewise."""
    picture: bool = False
    """A picture comes out: noise is to be removed, by squared error."""

    @property
    def outputs(self) -> int:
        """Numbers that come out, for the whole image or for each pixel."""
        return CHANNELS if self.picture else CLASSES


NETS = {
    "airbench94": Net(2000, frozen=("whitening/kernel",)),
    "resnet20": Net(128),
    "resnet18": Net(128),
    "vgg16_bn": Net(128),
    "mobilenet_v1": Net(128),
    "quicknet": Net(500),
    "dncnn": Net(128, picture=True),
    "unet": Net(128, picture=True),
}
