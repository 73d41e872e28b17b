"""The 26 % network of cuda-convnet (Krizhevsky 2011, layers-80sec): three 5x5 convolutions, 80 seconds on his GPU.

Rate 0.001, divided by ten at 8/9.5 and 9/9.5 of the training, twice the rate for biases; decay 0.004, and 0.03 in the
dense layers; no augmentation. Pixels are centered and not scaled, for which the first weights are small enough.

Command   python -m experiments.cuda_convnet
Cost      10 epochs of 12.3 M MACs per image
Result    73.47 % test, 72.44 % validation (--dtype auto, which was bfloat16; seed 0, n = 1; data re-encoded as JPEG).
          Published: 26 % error without augmentation, on the original data
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="cuda_convnet",
    model="cudaconvnet_quick",
    data=DataConfig(normalization="center"),
    loss=LossConfig(l2=0.004),
    optimizer=OptimizerConfig(
        name="momentum",
        learning_rate=0.001,
        weight_decay_multipliers=(("head/kernel", 7.5), ("*kernel", 1.0), ("*", 0.0)),
        lr_multipliers=(("*bias", 2.0),),
    ),
    schedule=ScheduleConfig(name="step", boundaries=("84%", "95%")),
    duration="10epochs",
    batch_size=128,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
