"""VGG-11 with batch norm and the paper's scale jitter (Simonyan and Zisserman 2015, section 3.1), at CIFAR's size.

Images are enlarged to a random size and cropped back, as the paper's S in [256, 512] for crops of 224. Momentum 0.9,
decay 5e-4, rate divided by ten three times; the rate itself is that of networks with batch norm.

Command   python -m experiments.vgg11      (short: --duration 4epochs)
Cost      full: 74 epochs of 153 M MACs per image
Result    short: 59.47 % test, 58.86 % validation (--dtype auto, which was bfloat16; seed 0, n = 1; data re-encoded as
          JPEG). Others report 92.8 % after 200 epochs with a cosine, on the original data
"""

from jaxcnn.cli import main
from jaxcnn.config import Config, LossConfig, OptimizerConfig, ScheduleConfig

CONFIG = Config(
    name="vgg11",
    model="vgg11_bn",
    augment=("multi_scale_crop", "flip"),
    loss=LossConfig(l2=5e-4),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.05),
    schedule=ScheduleConfig(name="step", boundaries=("50%", "75%", "90%"), warmup="1%"),
    duration="74epochs",
    batch_size=256,
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
