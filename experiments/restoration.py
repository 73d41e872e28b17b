"""The common part of the recipes that give a picture: data, optimizer, schedule."""

from jaxcnn.config import Config, DataConfig, OptimizerConfig, ScheduleConfig

RESTORATION = Config(
    name="restoration",
    data=DataConfig(validation=1000),
    augment=("flip",),
    optimizer=OptimizerConfig(name="adamw", learning_rate=0.002, weight_decay=0.0001),
    schedule=ScheduleConfig(name="cosine", warmup="5%"),
    duration="5epochs",
    batch_size=100,
    dtype="auto",
)
