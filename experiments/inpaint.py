"""Fill a hole of 16 x 16 pixels in the middle of a picture.

Command   python -m experiments.inpaint
Cost      see below
Result    see below
"""

from dataclasses import replace

from experiments.restoration import RESTORATION
from jaxcnn.cli import main

CONFIG = replace(
    RESTORATION, name="inpaint", task="inpaint:hole=16", model="unet_small:residual=true", duration="4epochs"
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
