"""The shared base of the experiments on single parts: a network and data small enough for two cores.

Three 3x3 convolutions and two dense layers, 5,000 of CIFAR-10's images and 2,000 for validation. The accuracy of such a
run is far below what CIFAR-10 allows; it compares variations. FULL=1 trains on all images.
"""

from jaxcnn.config import Config, DataConfig, OptimizerConfig, ScheduleConfig

SMALL = Config(
    name="small",
    model="convnet:widths=(16,32,64),hidden=64",
    data=DataConfig(train=5000, validation=2000),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.02),
    schedule=ScheduleConfig(name="cosine"),
    duration="10epochs",
    batch_size=64,
    checkpoint_every="5epochs",
    log_every="1epochs",
    keep=1,
    tensorboard=False,
)
FULL = {"data.train": 0, "data.validation": 5000, "duration": "50epochs"}
