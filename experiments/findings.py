"""docs/findings.md: every question with what was expected, what was seen, and the verdict that its table gives.

Command   python -m experiments.findings   (make results and make answers end with it)
Cost      a second; it reads experiments/results
"""

import importlib
import re
from pathlib import Path

import tyro

from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.console.terminal import say
from jaxcnn.report import verdicts
from jaxcnn.report.claims import CONFIRMED
from jaxcnn.report.collect import COMMITTED, read
from jaxcnn.report.table import Table
from jaxcnn.sweep import Sweep

QUESTIONS = (
    *("noise", "first_steps", "learning_rate", "batch_size", "momentum", "optimizers", "schedules"),
    *("activations", "initializers", "batch_norm", "pooling", "depth", "architectures"),
    *("data_size", "augmentation", "regularization", "label_noise", "imbalance", "ensemble", "robustness"),
    *("distillation", "finetune", "vgg_progressive"),
)
"""In the order in which a course asks them."""

PAGE = Path("docs/findings.md")
HEAD = """# Findings

Each question of the craft is an experiment that one command runs. Before it ran, its expectations were written down as
differences, each with its source in the experiment's docstring; the verdict is computed from the committed table and
from nothing else. A difference is the mean over seeds, paired by seed, with Student's 95 % interval; accuracies are in
points. **Confirmed** means that the whole interval is where it was expected, **not confirmed** that all of it is
elsewhere, and **undecided at this scale** that it does not tell. The verdict on a question is that on its first claim;
beside it stands how many of its claims were confirmed. With over eighty claims, a few intervals miss the
truth by chance.

The committed tables are of a CIFAR-10 whose images were re-encoded once as JPEG, on which accuracies are about 3 points
lower than on the original. `experiments/base.py` holds the base networks. This page is written by `make results`.

"""


def sweep_of(name: str) -> Sweep:
    return importlib.import_module(f"experiments.{name}").SWEEP


def page(root: Path = Path()) -> str:
    """The whole page: an overview, then a section for each question."""
    sections = {name: _section(root, name) for name in QUESTIONS}
    rows = [
        [f"[{_title(name)}](#{_anchor(name)})", verdict, f"`make sweep-{name}`"]
        for name, (verdict, _) in sections.items()
    ]
    overview = Table(["question", "verdict", "command"], rows, text_columns=3).to_markdown()
    return HEAD + overview + "".join(text for _, text in sections.values())


def _section(root: Path, name: str) -> tuple[str, str]:
    """(verdict, Markdown) of one question."""
    sweep, table = sweep_of(name), root / COMMITTED / f"{name}.csv"
    expectation, finding = (_paragraph(name, word) for word in ("Expectation", "Finding"))
    head = f"\n## {_title(name)}\n\n**Expected:** {expectation}\n"
    if not table.exists():
        return "not measured yet", f"{head}\nNot measured yet: `make sweep-{name}`\n"
    scores = read(table, sweep.groups)
    judged = [claim.verdict(claim.difference(scores, sweep.metric)) for claim in sweep.claims]
    verdict = f"{judged[0]} ({judged.count(CONFIRMED)} of {len(judged)})"
    shown = verdicts.table(sweep.claims, scores, sweep.metric).to_markdown()
    return verdict, (
        f"{head}\n**{judged[0].capitalize()}.** {finding}\n\n{shown}\n"
        f"![{_title(name)}](../{COMMITTED}/{name}.png)\n\n"
        f"`make sweep-{name}` · [all numbers](../{COMMITTED}/{name}.md)\n"
    )


def verdict_of(name: str, root: Path = Path()) -> str:
    """The verdict on a question, or that there is none yet."""
    return _section(root, name)[0].partition(" (")[0]


def _title(name: str) -> str:
    return caption(name).splitlines()[0]


def _anchor(name: str) -> str:
    """As code hosts make it of a heading."""
    return re.sub(r"[^\w -]", "", _title(name).lower()).replace(" ", "-")


def _paragraph(name: str, word: str) -> str:
    """What an experiment says after `word`, in one line."""
    found = re.search(rf"^{word} +(.*?)(?=\n\S|\Z)", caption(name), re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def caption(name: str) -> str:
    """What an experiment says of itself."""
    return importlib.import_module(f"experiments.{name}").__doc__ or ""


def main(root: Path = Path()) -> int:
    (root / PAGE).write_text(page(root), encoding="utf-8")
    say(f"{len(QUESTIONS)} questions: {PAGE}")
    return 0


if __name__ == "__main__":
    exit_with(*outcome(lambda: tyro.cli(main, description=help_text(__doc__), prog="python -m experiments.findings")))
