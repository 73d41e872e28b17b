"""`python -m jaxcnn evaluate RUN --data folder:PATH`: other pictures, their classes matched by name."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxcnn
from helpers.tiny import tiny_config, untrained_run
from jaxcnn import data
from jaxcnn.__main__ import main

DIGITS = data.load("digits")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("others") / "run"
    untrained_run(replace(tiny_config(folder), model="softmax"), 40)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The first forty test digits, of any class but 4, in folders of their names, and a folder of something else."""
    for place in range(40):
        label = int(DIGITS.test_labels[place])
        folder = tmp_path / "mine" / ("four" if label == 4 else str(label))
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(DIGITS.test_images[place]).save(folder / f"{place:02d}.png")
    return tmp_path / "mine"


def evaluate(run: Path, *options: str) -> int:
    return main(["evaluate", str(run), *options])


def test_the_accuracy_is_that_of_the_answers(run: Path, home: Path, tmp_path: Path, capsys):
    out = tmp_path / "found.json"
    assert evaluate(run, "--data", f"folder:{home}", "--json", str(out)) == 0
    seen = capsys.readouterr()
    assert "folders that the run has no class for are passed over: four" in seen.err
    assert "no picture of 4" in seen.err
    kept = [place for place in range(40) if DIGITS.test_labels[place] != 4]
    assert f"{len(kept)} test images of folder:mine" in seen.out
    answers = jaxcnn.load(run).predict(DIGITS.test_images[kept]).argmax(1)
    found = json.loads(out.read_text())
    assert found["accuracy"] == pytest.approx((answers == DIGITS.test_labels[kept]).mean())
    assert found["class_accuracy"][4] is None
    assert np.sum(found["confusion"]) == len(kept)


def test_the_test_folder_of_a_divided_folder_is_used(run: Path, home: Path, capsys):
    for name in ("train", "val"):
        shutil.copytree(home / "1", home / name / "1")
    assert evaluate(run, "--data", f"folder:{home}") == 0
    count = len(list((home / "1").iterdir()))
    assert f"{count} test images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "folder:nowhere"], "is not a folder"),
        (["--data", "cifar10"], "name a folder of pictures, --data folder:PATH"),
        (["--data", "folder:{home}/1"], "called as a class of the run"),
        (["--data", "folder:{home}", "--split", "train"], "--split is of the run's own data"),
    ],
)
def test_what_cannot_be_evaluated(run: Path, home: Path, options: list[str], message: str, capsys):
    assert evaluate(run, *(option.format(home=home) for option in options)) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_broken_picture_is_named_or_left_out(run: Path, home: Path, capsys):
    (home / "1/broken.png").write_bytes(b"no picture")
    assert evaluate(run, "--data", f"folder:{home}") == 2
    assert "broken.png is not a picture" in capsys.readouterr().err
