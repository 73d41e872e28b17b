"""AlexNet for small images (Krizhevsky et al. 2012): momentum 0.9, decay 5e-4, rate 0.01 divided by ten, dropout 0.5.

Five convolutions and one dense layer, half of whose inputs are dropped; no normalization. The paper divides the rate
three times, when validation stops improving; here at 50, 75 and 90 % of the training.

Command   python -m experiments.alexnet      (short: --duration 10epochs)
Cost      full: 90 epochs of 15.0 M MACs per image
Result    short: 60.59 % test, 60.20 % validation (--dtype auto, which was bfloat16; seed 0, n = 1; data re-encoded as
          JPEG). Others report 77.2 % with this recipe, 164 epochs and no dropout, on the original data
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="alexnet",
    model="alexnet:dropped=(0,)",
    augment=("crop:padding=4", "flip"),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.01),
    schedule=ScheduleConfig(name="step", boundaries=("50%", "75%", "90%")),
    duration="90epochs",
    batch_size=128,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
