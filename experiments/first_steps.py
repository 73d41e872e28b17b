"""One neuron, ten neurons: what is learned, by which loss, and with how many logits?

Expectation  A softmax needs only nine logits, as adding a number to all changes nothing: with the first fixed at zero
             it is the same family of classifiers. Cross-entropy has a gradient wherever the answer is wrong, and should
             learn faster than squared error. Each class's weights are a template of it: the mean color and place.
Command      make sweep-first_steps
Cost         linear models on 10,000 images, 10 epochs, 25 runs: three minutes on two cores; `FULL=1`: all images, 50
             epochs
Finding      Softmax, nine logits and ten sigmoids reach the same accuracy: 39.07, 39.05 and 39.15 % (n = 5, test);
             squared error is 1.27 points behind [0.65, 1.89]. One neuron tells airplanes from automobiles in 83.14 ±
             0.15 % of the test images.
Verdict      confirmed
"""

import numpy as np

from jaxcnn.cli import sweep_main
from jaxcnn.config import Config, DataConfig, OptimizerConfig, ScheduleConfig
from jaxcnn.report import Panel, Results
from jaxcnn.report.claims import Claim
from jaxcnn.report.panels import contact_sheet, gap
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep


def templates(results: Results) -> Panel:
    """The weights of each class as a picture, gray where they are zero."""
    rows = {}
    for label in ("softmax", "squared error"):
        run = results.of(label)[0].run()
        kernel = run.variables["params"]["head"]["kernel"]
        pictures = np.moveaxis(np.asarray(kernel).reshape(*run.data.image_shape, -1), -1, 0)
        rows[label] = [128 + 127 * picture / abs(picture).max() for picture in pictures]
        names = run.data.label_names
    return Panel("Weights as pictures, gray where they are zero", contact_sheet(rows, names))


def agreement(results: Results) -> Panel:
    """How often nine logits and a zero decide as ten logits do, on the test images."""
    from jaxcnn.inspect import probe

    ten, nine = (results.of(label)[0].run() for label in ("softmax", "reference class"))
    images, _ = probe.examples(ten, 2000)
    first, second = ten.predict(images), nine.predict(images)
    same = (first.argmax(1) == second.argmax(1)).mean()
    line = [f"{100 * same:.1f} %", f"{abs(first - second).mean():.4f}", f"{abs(first - second).max():.4f}"]
    head = ["", "same decision", "mean difference of probabilities", "greatest"]
    return Panel("Ten logits, or nine and a zero", table=Table(head, [["2,000 test images", *line]]))


LINEAR = Config(
    name="linear",
    model="softmax",
    data=DataConfig(normalization="scale", train=10000, validation=5000),
    optimizer=OptimizerConfig(name="momentum", learning_rate=0.002),
    schedule=ScheduleConfig(name="cosine"),
    duration="10epochs",
    batch_size=64,
    checkpoint_every="100epochs",
    log_every="1epochs",
    tensorboard=False,
)
TWO = {"model": "neuron", "data.classes": ("airplane", "automobile"), "data.validation": 1000, "data.train": 0}
SWEEP = Sweep(
    name="first_steps",
    base=LINEAR,
    variations={
        "softmax": {},
        "reference class": {"model": "softmax:reference_class=true"},
        "squared error": {"loss.name": "squared_error", "optimizer.learning_rate": 0.0005},
        "ten sigmoids": {"loss.name": "binary_cross_entropy"},
        "neuron, two classes": {**TWO, "loss.name": "binary_cross_entropy", "optimizer.learning_rate": 0.001},
    },
    full={"data.train": 0, "duration": "50epochs"},
    seeds=5,
    panels=(templates, agreement, gap),
    references={"neuron, two classes": "neuron, two classes"},  # of other data, so compared with none
    claims=(
        Claim("Nine logits and a zero are as good as ten", "reference class", "softmax", within=0.005),
        Claim("Cross-entropy is better than squared error", "softmax", "squared error"),
        Claim("Ten sigmoids are as good as a softmax", "ten sigmoids", "softmax", within=0.005),
    ),
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
