"""Enlarge pictures of 16 x 16 pixels twice.

Command   python -m experiments.super_resolve
Cost      3 epochs of 163 M MACs per image
Result    not measured yet
"""

from dataclasses import replace

from experiments.restoration import RESTORATION
from jaxcnn.cli import main

CONFIG = replace(
    RESTORATION, name="super_resolve", task="super_resolve", model="edsr_small:skip=true", duration="3epochs"
)

if __name__ == "__main__":
    main(CONFIG, __doc__)
