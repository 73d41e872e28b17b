"""Which changes of an image keep its class, and what does a network learn from that?

Expectation  An augmentation says what the class does not depend on. Flips and shifts of a few pixels fit CIFAR-10 and
             help most; strong ones (cutout, mixup, cutmix, RandAugment) slow down learning and pay off only in longer
             trainings: at 6 epochs they should cost accuracy, at 15 less or none. All narrow the gap.
Command      make sweep-augmentation
Cost         the base for 6 epochs, and a part of it for 15, 60 runs: an hour and a half on two cores
Finding      not measured yet
Verdict      not measured yet
"""

from collections.abc import Iterable

import numpy as np

from experiments.base import BASE
from jaxcnn.cli import sweep_main
from jaxcnn.report import Panel, Results
from jaxcnn.report.claims import Claim
from jaxcnn.report.panels import contact_sheet, gap
from jaxcnn.sweep import Changes, Sweep

CHAINS = {
    "none": (),
    "flip": ("flip",),
    "crop": ("crop:padding=4",),
    "crop, edge reflected": ("crop:padding=4,mode=reflect",),
    "brightness, contrast": ("brightness", "contrast"),
    "stretch": ("stretch",),
    "rotation, shear": ("rotation", "shear"),
    "elastic": ("elastic",),
    "multi-scale crop": ("multi_scale_crop",),
    "cutout": ("cutout:size=12",),
    "mixup": ("mixup",),
    "cutmix": ("cutmix",),
    "RandAugment": ("randaugment",),
    "flip, crop": ("flip", "crop:padding=4"),
}
LONGER = ("none", "flip", "crop", "flip, crop", "cutout", "mixup")


def at(label: str, epochs: int) -> str:
    return f"{label}, {epochs} epochs"


def pictures(results: Results) -> Panel:
    """Twelve images after each chain."""
    import jax
    import jax.numpy as jnp

    from jaxcnn import augment
    from jaxcnn.inspect import probe

    photographs, labels = probe.examples(results.rows[0].run(), 12)
    keys = jax.random.split(jax.random.key(0), len(photographs))
    draw = augment.Draw(keys, keys, jnp.int32(0))
    rows = {
        label: list(np.asarray(augment.build(chain, 10)(draw, jnp.asarray(photographs), jnp.asarray(labels))[0]))
        for label, chain in CHAINS.items()
    }
    return Panel("The same twelve images under each", contact_sheet(rows))


def runs(labels: Iterable[str], epochs: int) -> dict[str, Changes]:
    return {at(label, epochs): {"augment": CHAINS[label], "duration": f"{epochs}epochs"} for label in labels}


def helps(label: str, epochs: int) -> Claim:
    return Claim(f"{label} helps at {epochs} epochs", at(label, epochs), at("none", epochs))


SWEEP = Sweep(
    name="augmentation",
    base=BASE,
    variations=runs(CHAINS, 6) | runs(LONGER, 15),
    panels=(pictures, gap),
    references={at(label, 15): at("none", 15) for label in LONGER},
    claims=(
        *(helps(label, epochs) for epochs in (6, 15) for label in ("flip", "crop", "flip, crop")),
        Claim("Flips and crops add up", at("flip, crop", 15), at("flip", 15)),
        Claim("mixup costs accuracy at 6 epochs", at("none", 6), at("mixup", 6)),
        helps("cutout", 15),
        helps("mixup", 15),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
