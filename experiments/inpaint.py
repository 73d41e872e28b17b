"""Fill a hole of 16 x 16 pixels in the middle of a picture.

Command   python -m experiments.inpaint
Cost      4 epochs of 112 M MACs per image: 20 minutes on two CPU cores that did other work besides
Result    17.31 dB in the hole of 10,000 test images, where the harmonic fill has 16.14 and the mean color 13.13 dB
          (seed 0, n = 1; CIFAR-10 re-encoded as JPEG)
"""

from dataclasses import replace

from experiments.restoration import RESTORATION
from jaxcnn.cli import main

CONFIG = replace(
    RESTORATION, name="inpaint", task="inpaint:hole=16", model="unet_small:residual=true", duration="4epochs"
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
