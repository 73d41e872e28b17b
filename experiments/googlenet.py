"""GoogLeNet with its auxiliary heads on CIFAR-10 (Szegedy et al. 2015): their losses count 0.3 each in training.

Momentum 0.9 and a rate that falls by a constant factor, by 4 % every 8 epochs in the paper; here to 1 % at the end.

Command   python -m experiments.googlenet
          python -m experiments.googlenet --model "googlenet:width=0.25,auxiliary=true" --duration 300steps
Cost      full: 60 epochs of 1,522 M MACs per image, for an accelerator
Result    the second: 39.35 % test, 39.38 % validation (--dtype auto, which was bfloat16; seed 0, n = 1; data
          re-encoded as JPEG). Others report 94.9 % after 200 epochs with a cosine and without the heads, on the
          original data
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="googlenet",
    model="googlenet:auxiliary=true",
    augment=("crop:padding=4", "flip"),
    loss=LossConfig(l2=2e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.01),
    schedule=ScheduleConfig(name="exponential", final=0.01),
    duration="60epochs",
    batch_size=32,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
