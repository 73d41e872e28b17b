"""Take Gaussian noise of deviation 25 out of a picture.

Command   python -m experiments.denoise
Cost      3 epochs of 130 M MACs per image
Result    not measured yet
"""

from dataclasses import replace

from experiments.restoration import RESTORATION
from jaxcnn.cli import main

CONFIG = replace(RESTORATION, name="denoise", task="denoise:sigma=25", model="dncnn_small", duration="8epochs")

if __name__ == "__main__":
    main(CONFIG, __doc__)
