"""One sigmoid neuron tells two classes apart: logistic regression on pixels (Rosenblatt 1958; Cox 1958).

Command   python -m experiments.neuron --data.classes cat dog
Cost      5 seconds
Result    83.10 % test, airplane or automobile (seed 0, n = 1, CIFAR-10 re-encoded as JPEG)
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="neuron",
    model="neuron",
    data=DataConfig(classes=("airplane", "automobile"), validation=1000, normalization="scale"),
    loss=LossConfig(name="binary_cross_entropy"),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.001),
    schedule=ScheduleConfig(name="cosine"),
    duration="20epochs",
    batch_size=100,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
