"""DenseNet-BC-100 of growth 12 on CIFAR-10 (Huang et al. 2017, arXiv:1608.06993).

Command   python -m experiments.densenet      (short: --duration 300steps)
Cost      full: 300 epochs of 288 M MACs per image, for an accelerator
Result    published: 4.51 % error on the original data
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="densenet",
    model="densenet_bc_100_12",
    augment=("crop:padding=4", "flip"),
    loss=LossConfig(l2=1e-4),
    optimizer=OptimizerConfig(name="nesterov", learning_rate=0.1),
    schedule=ScheduleConfig(name="step", boundaries=("50%", "75%")),
    duration="300epochs",
    batch_size=64,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
