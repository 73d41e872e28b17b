"""Does a classifier take the colors of a colorized picture for real?

A mean over many possible colors has a good PSNR and is pale. The better question (Zhang et al. 2016, arXiv:1603.08511)
is asked of a network that knows real pictures: how often it is right on true, on gray and on colored ones.

Command   python -m experiments.color_test runs/colorize   (--classifier runs/other)
Cost      ten seconds on two cores
Result    of runs/colorize (n = 1): 83.58 % on true colors, 77.19 % on gray, 78.07 % on its colors
"""

from dataclasses import dataclass

import numpy as np
import tyro

from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.errors import UserError
from jaxcnn.measures import PERCENT
from jaxcnn.report.columns import columns


@dataclass(frozen=True)
class Options:
    run: tyro.conf.Positional[str]
    """A run of the task colorize."""
    classifier: str = "pretrained:quicknet"
    """A run that knows the classes of the same data."""


def run(options: Options) -> int:
    """Prints the classifier's accuracy on the test images in their colors, in none, and in the run's.

    Raises: UserError if the runs are of other tasks or classes.
    """
    import jax.numpy as jnp

    import jaxcnn
    from jaxcnn.inspect import probe
    from jaxcnn.tasks.colorize import luma

    colorizer, classifier = jaxcnn.load(options.run), jaxcnn.load(options.classifier)
    if colorizer.config.task != "colorize":
        raise UserError(f"{options.run} has the task {colorizer.config.task}: name a run of the task colorize")
    if classifier.task.class_names != colorizer.data.label_names:
        raise UserError(f"{options.classifier} does not know the classes of {options.run}: name another --classifier")
    images, labels = probe.examples(colorizer, 10000)
    gray = np.asarray(jnp.repeat(jnp.round(luma(jnp.asarray(images))), 3, axis=-1)).astype(np.uint8)
    seen = {"true": images, "gray": gray, "colored": colorizer.predict(images)}
    lines = [
        [name, PERCENT(float((classifier.predict(pictures).argmax(1) == labels).mean()))]
        for name, pictures in seen.items()
    ]
    print(columns([f"{len(images):,} test images", "accuracy of the classifier"], lines))
    return 0


def main() -> int:
    program = "python -m experiments.color_test"
    return run(tyro.cli(Options, description=help_text(__doc__), prog=program))


if __name__ == "__main__":
    exit_with(*outcome(main))
