"""A student's first CNN: two times convolution, ReLU and pooling, then a dense layer.

Command   python -m experiments.convnet
Cost      not measured yet
Result    not measured yet
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="convnet",
    model="convnet",
    augment=("flip",),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.05),
    schedule=ScheduleConfig(name="cosine", warmup="1epochs"),
    duration="10epochs",
    batch_size=128,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
