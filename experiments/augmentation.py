"""Which changes of an image keep its class, and what does a network learn from that?

Expectation  An augmentation says what the class does not depend on. Flips and shifts of a few pixels fit CIFAR-10 and
             help most; strong ones (RandAugment, mixup, cutmix) slow down learning and pay off only in long trainings
             of large networks: here they may cost accuracy. All narrow the gap.
Command      make sweep-augmentation
Cost         a small convnet on 5,000 images, 8 epochs each: eight minutes on two cores beside another sweep; `FULL=1`:
             all images, 50 epochs
Finding      Only flips seem to help in so short a training: 53.50 % against 49.95 % without (n = 1, validation, noise
             of two or three points). All augmentations narrow the gap between training and validation (table
             augmentation).
"""

import numpy as np

from experiments.small import FULL, SMALL
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results
from jaxcnn.report.panels import contact_sheet, gap
from jaxcnn.sweep import Sweep

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


SWEEP = Sweep(
    name="augmentation",
    base=changed(SMALL, {"duration": "8epochs"}),
    variations={label: {"augment": chain} for label, chain in CHAINS.items()},
    full=FULL,
    panels=(pictures, gap),
    metric="validation_accuracy",
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
