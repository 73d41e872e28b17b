"""VGG-16 with batch norm on CIFAR-10 (Simonyan & Zisserman 2015; the recipe is the one usual for CIFAR).

Command   python -m experiments.vgg16      (short: --duration 2epochs)
Cost      full: 200 epochs of 313 M MACs per image, for an accelerator
Result    published with this recipe: 94.2 % on the original data
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="vgg16",
    model="vgg16_bn",
    augment=("crop:padding=4", "flip"),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(name="nesterov", learning_rate=0.1),
    schedule=ScheduleConfig(name="cosine", warmup="2%"),
    duration="200epochs",
    batch_size=256,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
