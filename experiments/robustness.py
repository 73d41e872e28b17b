"""What does a network learn that must not be fooled?

A change of eight gray levels that no person sees turns the answers of an ordinary network. Training on images that are
changed against it, in one step, makes it robust, and what it looks for becomes visible.

Expectation  Robust training costs accuracy on images as they are, and gains most of it on changed ones (Madry et al.
             2018, arXiv:1706.06083; in one step Wong et al. 2020, arXiv:2001.03994). An image that raises the logit of
             a class looks like noise for an ordinary network and like the class for a robust one (Santurkar et al.
             2019, arXiv:1906.09453).
Command      make sweep-robustness
Cost         the base as it is, and on images changed by 4 and 8 gray levels, which takes twice the time, 9 runs:
             fifteen minutes on two cores
Finding      not measured yet
Verdict      not measured yet
"""

from functools import cache

import numpy as np

from experiments.base import BASE
from jaxcnn.cli import sweep_main
from jaxcnn.config_json import changed
from jaxcnn.report import Panel, Results, Row
from jaxcnn.report.claims import Claim
from jaxcnn.report.panels import contact_sheet
from jaxcnn.sweep import Sweep

LEVELS = 8
"""Gray levels by which an attack may change each number of an image."""
ATTACKED = 2000


@cache
def robust_accuracy(row: Row) -> float:
    """The accuracy on the first test images after ten steps of projected gradient ascent."""
    import jax
    import jax.numpy as jnp

    from jaxcnn import adversarial, losses
    from jaxcnn.data.preprocess import normalizer
    from jaxcnn.inspect import probe
    from jaxcnn.inspect.network import network_of
    from jaxcnn.seeds import key_of

    run = row.run()
    network, normalize = network_of(run), normalizer(changed(run.config, {"dtype": "float32"}), run.data)
    images, labels = probe.examples(run, ATTACKED)

    @jax.jit
    def right(images: jax.Array, labels: jax.Array, keys: jax.Array) -> jax.Array:
        def loss(moved: jax.Array) -> jax.Array:
            return losses.cross_entropy(network.logits(normalize(moved)), labels).sum()

        moved = adversarial.pgd(loss, images, LEVELS, keys)
        return (network.logits(normalize(moved)).argmax(-1) == labels).sum()

    keys = jax.random.split(key_of(0), ATTACKED)
    parts = [slice(begin, begin + 500) for begin in range(0, ATTACKED, 500)]
    return (
        float(sum(right(jnp.asarray(images[part]), jnp.asarray(labels[part]), keys[part]) for part in parts)) / ATTACKED
    )


def classes(results: Results) -> Panel:
    """From the same noise, what raises the logit of each class most in each network."""
    import jax.numpy as jnp

    from jaxcnn.data.preprocess import denormalizer
    from jaxcnn.inspect import features
    from jaxcnn.inspect.network import network_of, normalized

    noise = np.random.default_rng(0).normal(128, 20, (10, 32, 32, 3)).clip(0, 255).astype(np.uint8)
    rows = {}
    for label in results.labels:
        run = results.of(label)[0].run()
        seen = features.class_images(network_of(run), jnp.arange(10), normalized(run, noise))
        rows[label] = list(np.asarray(denormalizer(run.config, run.data)(seen)))
    names = results.rows[0].run().data.label_names
    return Panel("What raises the logit of each class", contact_sheet(rows, names))


SWEEP = Sweep(
    name="robustness",
    base=BASE,
    variations={"ordinary": {}, "4 levels": {"adversarial": 4.0}, "8 levels": {"adversarial": 8.0}},
    panels=(classes,),
    measures={"share_robust": lambda _, row: robust_accuracy(row)},
    claims=(
        Claim("Robust training costs accuracy on images as they are", "ordinary", "8 levels"),
        Claim("It gains accuracy on attacked ones, by 15 points", "8 levels", "ordinary", "share_robust", beyond=0.15),
        Claim("An ordinary one is right on less than a tenth of them", "ordinary", "", "share_robust", within=0.1),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
