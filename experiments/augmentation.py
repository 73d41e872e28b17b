"""Which changes of an image leave its class alone, and what does a network learn from that?

Expectation  An augmentation says what the class does not depend on. Mirrors and shifts of a few pixels are true of
             CIFAR-10 and help most; strong ones (RandAugment, mixup, cutmix) slow learning down and pay in long
             trainings of large networks only: in this short one they may cost accuracy. All narrow the gap.
Command      make sweep-augmentation
Cost         a small convnet on 5,000 images, 8 epochs each: eight minutes on two cores beside another sweep; `FULL=1`:
             all images, 50 epochs
Finding      One seed (n = 1), validation; two or three points may be noise. Only mirrors seem to gain: 53.50 % against
             49.95 without. Shifts of up to four pixels do not, other than expected: with the edge reflected 49.60, with
             a black edge 44.20 %, so that it is the edge that costs. Brightness and contrast, stretch, rotation and
             shear, elastic, multi-scale crop and cutout end between 49.45 and 50.70 %: neither gain nor loss. The
             strong ones cost, as expected in so short a training: mixup 47.25, RandAugment 46.80, cutmix 41.30 %. All
             narrow the gap, from 18.7 points without to 16.1 with brightness and contrast, 5.5 with elastic
             deformation, and to less than none with cutmix, whose mixtures are harder than the images that validate.
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
