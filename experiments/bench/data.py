"""How fast pictures are decoded for a training: ours beside Pillow's plain loop, PyTorch's DataLoader and tf.data.

Each reads the same JPEG files, cuts a random part out (8 to 100 % of the area), scales it to 224 x 224 and flips it, in
a process of its own, one after the other, in several rounds; the median counts. The files are parts of the photographs
that scikit-learn and scikit-image ship, 400 to 600 pixels wide, of quality 90, unless --pictures names a folder.

Command   make bench-data      (or: python -m experiments.bench.data --rounds 3; TORCH_PYTHON=python that has torch)
Cost      two minutes on two CPU cores
Result    runs/bench-data.md
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import tyro
from PIL import Image

from experiments.bench import table
from experiments.bench.data_contenders import CONTENDERS
from experiments.bench.machine import cpu
from jaxcnn.console.entry import exit_with, outcome
from jaxcnn.console.help_text import help_text
from jaxcnn.console.terminal import say
from jaxcnn.errors import UserError, lookup

PICTURES, CLASSES = 400, 4
NEEDS = {"PyTorch DataLoader": "torchvision", "tf.data": "tensorflow"}


@dataclass(frozen=True)
class Options:
    contenders: tuple[str, ...] = tuple(CONTENDERS)
    """One that is not installed is passed over."""
    pictures: str = ""
    """A folder of JPEGs, a sub-folder a class. Default: parts of photographs, made for the race."""
    batch: int = 64
    rounds: int = 3
    seconds: float = 6.0
    """How long a turn is measured."""
    torch_python: str = sys.executable
    """The interpreter of PyTorch and TensorFlow, if they are in another environment."""
    folder: Path = Path("runs")
    """Where bench-data.md goes."""


def photographs() -> list[Image.Image]:
    """Real pictures that packages ship."""
    from sklearn.datasets import load_sample_images

    found = [Image.fromarray(image) for image in load_sample_images().images]
    if importlib.util.find_spec("skimage"):
        from skimage import data

        found += [Image.fromarray(each()) for each in (data.astronaut, data.chelsea, data.coffee, data.rocket)]
    return found


def make(folder: Path, count: int = PICTURES) -> None:
    """Writes JPEGs of several sizes: parts of photographs, scaled."""
    draw, whole = np.random.default_rng(0), photographs()
    for place in range(count):
        picture = whole[place % len(whole)].convert("RGB")
        part = draw.uniform(0.6, 1)
        wide, tall = int(picture.width * part), int(picture.height * part)
        left, top = (int(draw.integers(room + 1)) for room in (picture.width - wide, picture.height - tall))
        width = int(draw.integers(400, 601))
        home = folder / f"class{place % CLASSES}"
        home.mkdir(parents=True, exist_ok=True)
        box = (left, top, left + wide, top + tall)
        size = (width, round(width * tall / wide))
        picture.resize(size, Image.Resampling.BICUBIC, box=box).save(home / f"{place:04d}.jpg", quality=90)


def turn(name: str, folder: Path, options: Options) -> dict[str, float] | None:
    """One measurement; None if the contender is not installed.

    Raises: UserError if it fails in another way.
    """
    python = options.torch_python if name in NEEDS else sys.executable
    if name in NEEDS and not _has(python, NEEDS[name]):
        return None
    command = [python, "-m", "experiments.bench.data_contenders", name, str(folder)]
    done = subprocess.run([*command, str(options.seconds), str(options.batch)], capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"{name} failed: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _has(python: str, module: str) -> bool:
    return not subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode


def row(name: str, turns: list[dict[str, float]]) -> dict[str, str]:
    """The table's line of a contender."""
    rates = [each["images"] / each["seconds"] for each in turns]
    of_core = [each["images"] / each["cpu"] for each in turns]
    return {
        "contender": name,
        "images/s": f"{median(rates):.0f}",
        "least": f"{min(rates):.0f}",
        "most": f"{max(rates):.0f}",
        "cores busy": f"{median(each['cpu'] / each['seconds'] for each in turns):.2f}",
        "images/s and core": f"{median(of_core):.0f}",
    }


def run(options: Options) -> int:
    """Measures, prints and writes the table.

    Raises: UserError for an unknown contender, or one that fails.
    """
    for name in options.contenders:
        lookup(CONTENDERS, name, "contender")
    if options.rounds < 1 or options.batch < 1 or not options.contenders:
        raise UserError("name at least one of --contenders, --rounds and --batch from 1")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(options.pictures or made)
        if not options.pictures:
            make(folder)
        turns: dict[str, list[dict[str, float]]] = {name: [] for name in options.contenders}
        for _ in range(options.rounds):
            for name in options.contenders:
                if measured := turn(name, folder, options):
                    turns[name].append(measured)
    for name in (name for name, each in turns.items() if not each):
        say(f"{name} is not installed: passed over")
    rows = [row(name, each) for name, each in turns.items() if each]
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / "bench-data.md"
    path.write_text(f"CPU: {cpu()}\n\n{table.markdown(rows)}", encoding="utf-8")
    table.show("Pictures decoded, cropped and flipped", rows, tuple(rows[0]))
    say(f"written to {path}")
    return 0


if __name__ == "__main__":
    exit_with(
        *outcome(
            lambda: run(tyro.cli(Options, description=help_text(__doc__), prog="python -m experiments.bench.data"))
        )
    )
