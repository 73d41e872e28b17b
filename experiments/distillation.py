"""What does a small network learn from a larger one that it does not learn from the labels?

Expectation  A teacher says more of an image than its label: which other classes it resembles. A student with a quarter
             of the teacher's width gains a point or so over the same training on labels only, and the more the softer
             the teacher's answers are, up to a temperature of about four (Hinton et al. 2015, arXiv:1503.02531).
Command      make sweep-distillation SEEDS=3
Cost         the quick start once (two to four minutes), and a network of 19,072 parameters for 6 epochs: a minute a run
             on two cores
Finding      not measured yet
"""

from dataclasses import replace

from experiments.quickstart import CONFIG
from jaxcnn.cli import sweep_main
from jaxcnn.config import LossConfig
from jaxcnn.sweep import Sweep

TEACHER = replace(CONFIG, name="distillation-teacher", tensorboard=False)
TAUGHT = {"loss.teacher": "runs/distillation-teacher"}

SWEEP = Sweep(
    name="distillation",
    first=(TEACHER,),
    base=replace(
        CONFIG, model="quicknet:kernel_init=dirac,stem=8,widths=(16,32)", loss=LossConfig(), tensorboard=False
    ),
    variations={
        "labels": {},
        "labels, smoothed": {"loss.smoothing": 0.1},
        "teacher, temperature 1": {**TAUGHT, "loss.temperature": 1.0},
        "teacher, temperature 4": TAUGHT,
        "teacher only, temperature 4": {**TAUGHT, "loss.teacher_weight": 1.0},
    },
)

if __name__ == "__main__":
    sweep_main(SWEEP, __doc__)
