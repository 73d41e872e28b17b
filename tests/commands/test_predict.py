"""`python -m jaxcnn predict`: real files, good and bad."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxcnn
from helpers.tiny import tiny_config, untrained_run
from jaxcnn.__main__ import main


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked") / "run"
    untrained_run(replace(tiny_config(folder), model="softmax"), 40)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for place in range(3):
        picture = np.full((20 + 10 * place, 31, 3), 80 * place, np.uint8)
        picture[:, place] = 255
        Image.fromarray(picture).save(tmp_path / f"{place}.png")
    return tmp_path


def test_classes_are_printed_and_written(run: Path, home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["predict", str(run), str(home), "--top", "2", "--csv", str(home / "out.csv")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0].rpartition("/")[2] for line in lines[1:]] == ["0.png", "1.png", "2.png"]
    rows = list(csv.DictReader((home / "out.csv").read_text().splitlines()))
    answers = jaxcnn.load(run).predict([home / f"{place}.png" for place in range(3)])
    for row, answer in zip(rows, answers, strict=True):
        assert row["class"] == str(answer.argmax())
        assert sum(float(row[str(digit)]) for digit in range(10)) == pytest.approx(1, abs=1e-4)


def test_an_open_picture_and_its_file_have_the_same_answer(run: Path, home: Path):
    loaded = jaxcnn.load(run)
    np.testing.assert_array_equal(loaded.predict([home / "1.png"]), loaded.predict([Image.open(home / "1.png")]))


def test_what_cannot_be_read_is_named_and_the_rest_answered(run: Path, home: Path, capsys: pytest.CaptureFixture[str]):
    (home / "broken.jpg").write_bytes(b"no picture")
    assert main(["predict", str(run), str(home)]) == 1
    seen = capsys.readouterr()
    assert "broken.jpg is not a picture" in seen.err
    assert "2.png" in seen.out


@pytest.mark.parametrize(("name", "message"), [("nothing.png", "does not exist"), ("empty", "no picture")])
def test_nothing_to_ask_about(run: Path, home: Path, name: str, message: str, capsys: pytest.CaptureFixture[str]):
    (home / "empty").mkdir()
    assert main(["predict", str(run), str(home / name)]) == 2
    assert message in capsys.readouterr().err
