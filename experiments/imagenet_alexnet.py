"""AlexNet on ImageNet as published (Krizhevsky, Sutskever and Hinton 2012), for those who have the pictures.

The folder holds `train/` and `val/`, each with a sub-folder a class, as torchvision wants them. The shorter side of a
picture is scaled to 256 pixels and the middle square taken; in training 224 x 224 of it are cut out anywhere, in the
test the middle. The paper divides the rate three times, when the error stops falling; here at 40, 65 and 85 % of its
90 epochs. It tests at ten crops; here at one and its flip.

Command   python -m experiments.imagenet_alexnet --data.name folder:PATH      (short: --duration 60epochs)
Cost      90 epochs of 725 M MACs per image, on an accelerator
Result    published: 40.7 % top-1 and 18.2 % top-5 error at ten crops; not trained here: there was no ImageNet
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="imagenet_alexnet",
    model="alexnet_2012",
    data=DataConfig(
        "folder:imagenet",
        image_size=224,
        resize=256,
        train_crop="random:shortest=256",
        validation=10_000,
        normalization="center",
    ),
    augment=("flip", "lighting"),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.01),
    schedule=ScheduleConfig(name="step", boundaries=("40%", "65%", "85%")),
    duration="90epochs",
    batch_size=128,
    dtype="auto",
    tta="flip",
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
