"""Wide ResNet on CIFAR-10 (Zagoruyko and Komodakis 2016, arXiv:1605.07146): rate x 0.2 at 30, 60 and 80 %.

Command   python -m experiments.wide_resnet      (short: --model wrn_16_4 --duration 200steps)
Cost      full: 200 epochs of 5,243 M MACs per image, for several accelerators
Result    published for 28-10: 4.00 % error, 3.89 % with dropout, on the original data (median of 5)
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="wide_resnet",
    model="wrn_28_10",
    augment=("crop:padding=4,mode=reflect", "flip"),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(name="nesterov", learning_rate=0.1),
    schedule=ScheduleConfig(name="step", boundaries=("30%", "60%", "80%"), factor=0.2),
    duration="200epochs",
    batch_size=128,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
