"""VGG-16 on ImageNet as published (Simonyan and Zisserman 2014, arXiv:1409.1556), for those who have them.

The folder holds `train/` and `val/`, each with a sub-folder a class, as torchvision wants them. In training the
shorter side is scaled to 256 to 512 pixels, and 224 x 224 are cut out anywhere. The paper starts the first four
convolutions and the dense layers from a trained network of eleven layers; here from He's initialization, which came
later. It divides the rate three times, when the accuracy stops rising; here at 40, 65 and 85 % of its 74 epochs. It
tests on whole pictures of several scales; here on the middle of 256 pixels and its flip.

Command   python -m experiments.imagenet_vgg16 --data.name folder:PATH      (short: --duration 60epochs)
Cost      74 epochs of 15,470 M MACs per image, on accelerators
Result    published: 25.6 % top-1 and 8.1 % top-5 error at one scale; not trained here: there was no ImageNet
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="imagenet_vgg16",
    model="vgg16_224",
    data=DataConfig(
        "folder:imagenet",
        image_size=224,
        resize=256,
        train_crop="scale_jitter:shortest=(256,512)",
        validation=10_000,
        normalization="center",
    ),
    augment=("flip", "lighting"),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.01),
    schedule=ScheduleConfig(name="step", boundaries=("40%", "65%", "85%")),
    duration="74epochs",
    batch_size=256,
    dtype="auto",
    tta="flip",
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
