"""Two hidden layers: what a network reaches that knows nothing about images.

Command   python -m experiments.mlp
Cost      86 seconds on two CPU cores
Result    55.16 % test (seed 0, n = 1, CIFAR-10 re-encoded as JPEG)
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="mlp",
    model="mlp",
    data=DataConfig(normalization="standardize"),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.02),
    schedule=ScheduleConfig(name="cosine", warmup="1epochs"),
    duration="20epochs",
    batch_size=128,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
