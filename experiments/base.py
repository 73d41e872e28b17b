"""The two networks that the experiments on single parts vary in one thing: with batch normalization, and without.

BASE is the quick start on a network of half the size: a thin ResNet-9 on all 45,000 images, with Muon, flips and
shifts. PLAIN is the same network without normalization, trained by momentum: in it activations, initial weights and
rates make the difference that a normalization would hide. FULL trains either of them for 30 epochs.
"""

from experiments.quickstart import CONFIG
from jaxcnn.config_json import changed

BASE = changed(
    CONFIG,
    {
        "name": "base",
        "model": "quicknet:kernel_init=dirac,stem=24,widths=(48,96)",
        "data.fallback": "",
        "tta": "none",
        "checkpoint_every": "100epochs",
        "log_every": "1epochs",
        "keep": 1,
        "tensorboard": False,
    },
)
PLAIN = changed(
    BASE,
    {
        "model": "quicknet:norm=none,stem=24,widths=(48,96)",
        "optimizer.name": "momentum",
        "optimizer.learning_rate": 0.1,
        "optimizer.weight_decay": None,
        "batch_size": 125,
        "duration": "5epochs",
    },
)
FULL = {"duration": "30epochs"}
