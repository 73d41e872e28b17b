"""NASNet-A 6@768 on CIFAR-10 (Zoph et al. 2018, arXiv:1707.07012): one cosine, drop-path that grows, cutout, clipping.

The auxiliary head counts 0.4; an operation of the last cell is dropped with probability 0.4 at the end of training.

Command   python -m experiments.nasnet
          python -m experiments.nasnet --model "nasnet_a:cells=1,filters=12,auxiliary=true" --duration 250steps
Cost      full: 600 epochs of 544 M MACs per image, for an accelerator
Result    the second: 35.83 % test, 36.36 % validation (--dtype auto, which was bfloat16; seed 0, n = 1; data
          re-encoded as JPEG). Published: 2.65 % error with cutout, 3.41 % without, on the original data
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="nasnet",
    model="nasnet_a:auxiliary=true",
    augment=("crop:padding=4", "flip", "cutout:size=16"),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.025, clip_norm=5.0),
    schedule=ScheduleConfig(name="cosine"),
    duration="600epochs",
    batch_size=32,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
