"""Squeeze a picture into 128 numbers, and get it back by transposed convolutions.

Command   python -m experiments.autoencode
Cost      5 epochs of 89 M MACs per image
Result    not measured yet
"""

from dataclasses import replace

from experiments.restoration import RESTORATION
from jaxcnn.cli import main

CONFIG = replace(RESTORATION, name="autoencode", task="autoencode", model="autoencoder", duration="5epochs")

if __name__ == "__main__":
    main(CONFIG, __doc__)
