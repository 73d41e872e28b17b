"""Can a network learn to see before it is told any class?

It first learns by how many quarter turns a picture was turned, from all training images and no label; then classes from
few labeled images, beside the same network from scratch.

Expectation  The fewer labels, the more the turns help (Gidaris et al. 2018, arXiv:1803.07728, figure 3).
Command      make sweep-rotnet SEEDS=3
Cost         quickstart's network for 5 epochs on turns, once; then six short runs a seed: two minutes and one a seed
Finding      not measured yet
"""

from dataclasses import replace

from experiments.quickstart import CONFIG
from jaxcnn.cli import sweep_main
from jaxcnn.config import LossConfig
from jaxcnn.sweep import Sweep

TURNS = replace(
    CONFIG,
    name="rotnet-base",
    task="turns",
    loss=LossConfig(),
    augment=("crop:padding=2,mode=reflect", "flip"),
    tta="none",
    duration="5epochs",
    tensorboard=False,
)
FROM_TURNS = {"init.source": "runs/rotnet-base", "init.restore": [["head/*", "init"], ["*", "load"]]}
METHODS = {
    "from scratch": {},
    "after turns, head only": {**FROM_TURNS, "optimizer.freeze": ["stem/*", "stage*"]},
    "after turns, everything": FROM_TURNS,
}
LABELS = (500, 5000)

SWEEP = Sweep(
    name="rotnet",
    first=(TURNS,),
    base=replace(CONFIG, duration="600steps", batch_size=100, evaluate_every="600steps", tensorboard=False),
    variations={f"{method}, {n:,} labels": {"data.train": n, **c} for n in LABELS for method, c in METHODS.items()},
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
