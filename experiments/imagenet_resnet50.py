"""ResNet-50 on ImageNet as published (He et al. 2015, arXiv:1512.03385, section 3.4), for those who have the pictures.

The folder holds `train/` and `val/`, each with a sub-folder a class, as torchvision wants them. In training the
shorter side is scaled to 256 to 480 pixels, and 224 x 224 are cut out anywhere; in the test the middle of 256. The
paper divides the rate when the error stops falling; here at 30, 60 and 90 of its 120 epochs. It tests at ten crops,
or at several scales; here at one crop and its flip.

Command   python -m experiments.imagenet_resnet50 --data.name folder:PATH      (short: --duration 90epochs)
Cost      120 epochs of 4,089 M MACs per image, on accelerators
Result    published: 22.85 % top-1 and 6.71 % top-5 error at ten crops; not trained here: there was no ImageNet
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="imagenet_resnet50",
    model="resnet50_224",
    data=DataConfig(
        "folder:imagenet",
        image_size=224,
        resize=256,
        train_crop="scale_jitter:shortest=(256,480)",
        validation=10_000,
        normalization="imagenet",
    ),
    augment=("flip", "lighting"),
    loss=LossConfig(l2=1e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.1),
    schedule=ScheduleConfig(name="step", boundaries=("25%", "50%", "75%")),
    duration="120epochs",
    batch_size=256,
    dtype="auto",
    tta="flip",
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
