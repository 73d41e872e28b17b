"""Ten neurons and a softmax: the linear classifier, a template for each class.

Command   python -m experiments.softmax
Cost      18 seconds on two CPU cores
Result    41.19 % test (seed 0, n = 1, CIFAR-10 re-encoded as JPEG)
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, DataConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="softmax",
    model="softmax",
    data=DataConfig(normalization="scale"),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.002),
    schedule=ScheduleConfig(name="cosine"),
    duration="20epochs",
    batch_size=128,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
