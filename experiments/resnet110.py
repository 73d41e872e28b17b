"""ResNet-110 on CIFAR-10 (He et al. 2015, section 4.2): 400 steps of warm-up, without which it does not start to learn.

Command   python -m experiments.resnet110      (short: --duration 500steps)
Cost      full: 64,000 steps (182 epochs) of 253 M MACs per image, for an accelerator
Result    published: 6.43 % error (6.61 +- 0.16) on the original data
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="resnet110",
    model="resnet110",
    augment=("crop:padding=4", "flip"),
    loss=LossConfig(l2=1e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.1),
    schedule=ScheduleConfig(name="step", boundaries=("50%", "75%"), warmup="400steps"),
    duration="64000steps",
    batch_size=128,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
