"""MobileNet v1 on CIFAR-10 (Howard et al. 2017, arXiv:1704.04861): no decay on depthwise kernels.

The paper trains with RMSProp on ImageNet; on CIFAR-10 the usual recipe is momentum and a cosine.

Command   python -m experiments.mobilenet      (short: --duration 2epochs)
Cost      full: 200 epochs of 46.4 M MACs per image
Result    short: 52.46 % test, 51.52 % validation (--dtype auto, which was bfloat16; seed 0, n = 1; data re-encoded as
          JPEG). No figure on CIFAR-10 was published
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="mobilenet",
    model="mobilenet_v1",
    augment=("crop:padding=4", "flip"),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(
        name="momentum",
        learning_rate=0.1,
        weight_decay_multipliers=(("*depthwise*", 0.0), ("*kernel", 1.0), ("*", 0.0)),
    ),
    schedule=ScheduleConfig(name="cosine", warmup="1%"),
    duration="200epochs",
    batch_size=128,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
