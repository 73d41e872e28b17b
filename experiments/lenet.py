"""LeNet-5 on CIFAR-10: the network of LeCun et al. 1998 as it is built today (ReLU, max-pooling, softmax).

Command   python -m experiments.lenet
Cost      20 epochs of 0.65 M MACs per image; the network of the paper: --model lenet5_1998
Result    60.97 % test, 60.20 % validation (--dtype auto, which was bfloat16; seed 0, n = 1; data re-encoded as JPEG).
          Others report 74.7 % after 200 epochs on the original data
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="lenet",
    model="lenet5",
    augment=("crop:padding=4", "flip"),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.01),
    schedule=ScheduleConfig(name="cosine"),
    duration="20epochs",
    batch_size=128,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
