"""Fine-tunes torchvision's resnet18, trained on ImageNet, on CIFAR-10 at 32 pixels: the head first, then everything.

The weights are a local file, in torchvision's names; where torch is installed, it is made once by
`safetensors.torch.save_file(torchvision.models.resnet18(weights="DEFAULT").state_dict(), "resnet18.safetensors")`.
Of the network at 32 pixels the last map is a single one; `--data.upscale 96` is dearer and better.

Command   python -m experiments.imagenet_weights --init.source resnet18.safetensors
Result    not measured here: there were no published weights on the machine
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, DataConfig, InitConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="imagenet_weights",
    model="resnet18_224",
    data=DataConfig(train=5000, normalization="imagenet"),
    augment=("crop:padding=4", "flip"),
    optimizer=OptimizerConfig(
        name="adamw",
        learning_rate=0.001,
        lr_multipliers=(("head/*", 1.0), ("*", 0.1)),
        unfreeze=(("head/*", "0%"), ("*", "20%")),
    ),
    schedule=ScheduleConfig(name="cosine"),
    duration="5epochs",
    batch_size=100,
    dtype="auto",
    init=InitConfig("resnet18.safetensors", restore=(("head/*", "init"), ("*", "load"))),
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
