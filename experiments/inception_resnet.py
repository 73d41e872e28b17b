"""Inception-ResNet-v2 on CIFAR-10 images enlarged to 96 pixels (Szegedy et al. 2017, arXiv:1602.07261).

RMSProp with epsilon 1, rate 0.045 x 0.94 every two epochs, dropout 0.2, moving averages of the weights.

Command   python -m experiments.inception_resnet
          (short: --model "inception_resnet_v2_299:blocks=(2,4,2),width=0.25" --duration 2epochs --ema 0.99)
Cost      full: 100 epochs of 732 M MACs per image, for an accelerator
Result    no figure on CIFAR-10 was published
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="inception_resnet",
    model="inception_resnet_v2_299",
    data=DataConfig(upscale=96),
    augment=("crop:padding=4", "flip"),
    loss=LossConfig(l2=4e-5),
    optimizer=OptimizerConfig(name="rmsprop", learning_rate=0.045, decay=0.9, eps=1.0),
    schedule=ScheduleConfig(name="exponential", final=0.045),
    duration="100epochs",
    batch_size=128,
    ema=0.9999,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
