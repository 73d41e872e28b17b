"""Squeeze a picture into 128 numbers, and get it back by transposed convolutions.

Command   python -m experiments.autoencode
Cost      see below
Result    see below
"""

from dataclasses import replace

from experiments.restoration import RESTORATION
from jaxcnn.cli import main

CONFIG = replace(RESTORATION, name="autoencode", task="autoencode", model="autoencoder", duration="5epochs")

if __name__ == "__main__":
    main(CONFIG, __doc__)
