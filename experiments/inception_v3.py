"""Inception-v3 on CIFAR-10 (Szegedy et al. 2016, arXiv:1512.00567): RMSProp with epsilon 1, smoothing, auxiliary head.

Rate 0.045 x 0.94 every two epochs, clipped gradients, moving averages of the weights; the auxiliary loss counts 0.4, as
in the authors' code.

Command   python -m experiments.inception_v3
          (short: --model inception_v3:auxiliary=true,width=0.25 --duration 1epochs --ema 0.99)
Cost      full: 100 epochs of 3,460 M MACs per image, for an accelerator
Result    others report 93.7 % on the original data
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="inception_v3",
    model="inception_v3:auxiliary=true",
    augment=("crop:padding=4", "flip"),
    loss=LossConfig(smoothing=0.1, l2=4e-5),
    optimizer=OptimizerConfig(name="rmsprop", learning_rate=0.045, decay=0.9, eps=1.0, clip_norm=2.0),
    schedule=ScheduleConfig(name="exponential", final=0.045),
    duration="100epochs",
    batch_size=128,
    ema=0.9999,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
