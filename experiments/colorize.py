"""Give a gray picture its colors.

Command   python -m experiments.colorize
Cost      3 epochs of 112 M MACs per image
Result    not measured yet
"""

from dataclasses import replace

from experiments.restoration import RESTORATION
from jaxcnn.cli import main

CONFIG = replace(RESTORATION, name="colorize", task="colorize", model="unet_small", duration="3epochs")

if __name__ == "__main__":
    main(CONFIG, __doc__)
