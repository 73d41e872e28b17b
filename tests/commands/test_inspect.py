"""`evaluate` and `inspect` on a real run, and the page in a real browser."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxcnn
from helpers.tiny import tiny_config
from jaxcnn import fit
from jaxcnn.__main__ import main
from jaxcnn.errors import UserError
from jaxcnn.inspect.explanation import METHODS, explain

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inspected") / "run"
    fit.fit(replace(tiny_config(folder), model="quicknet:stem=4,widths=(4,8)", watch=True))
    return folder


def test_the_summary_holds_the_confusion_matrix(run: Path):
    summary = json.loads((run / "summary.json").read_text())
    matrix = np.array(summary["test_confusion"])
    assert matrix.sum() == 360
    assert np.trace(matrix) / 360 == pytest.approx(summary["test_accuracy"])
    np.testing.assert_allclose(summary["test_class_accuracy"], matrix.diagonal() / matrix.sum(1))


@pytest.mark.parametrize(("split", "count"), [("test", 360), ("validation", 100), ("train", 1337)])
def test_evaluate_is_of_every_image_of_a_split(run: Path, split: str, count: int, tmp_path: Path, capsys):
    out = tmp_path / "found.json"
    assert main(["evaluate", str(run), "--split", split, "--json", str(out)]) == 0
    assert f"{count:,} {split} images of digits" in capsys.readouterr().out
    found = json.loads(out.read_text())
    assert np.sum(found["confusion"]) == count
    if split == "test":
        summary = json.loads((run / "summary.json").read_text())
        assert found["accuracy"] == pytest.approx(summary["test_accuracy"])


def test_evaluate_refuses_other_data(run: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    data = json.loads((copy / "data.json").read_text())
    (copy / "data.json").write_text(json.dumps(data | {"digest": "0" * 12}))
    assert main(["evaluate", str(copy)]) == 2


def test_an_explanation_is_saved_with_its_manifest_last(run: Path, tmp_path: Path):
    loaded = jaxcnn.load(run)
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    found = explain(loaded, images, methods=("hires_cam", "integrated:points=8"))
    found.save(tmp_path / "why")
    manifest = json.loads((tmp_path / "why/manifest.json").read_text())
    assert manifest["images"] == 2
    for place in range(2):
        for method in ("hires_cam", "integrated:points=8"):
            assert (tmp_path / f"why/{place:03d}-{method}.png").exists()
    assert found._repr_html_().count("<img") == 6
    with pytest.raises(UserError, match="0 to 9"):
        explain(loaded, images, classes=[3, 10])


@pytest.fixture(scope="module")
def page(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("page") / "page.html"
    assert main(["inspect", str(run), "--images", "3", "--out", str(out)]) == 0
    return out


def test_the_page_holds_everything_and_loads_nothing(page: Path):
    document = page.read_text()
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:|#)""", document)
    assert "http" not in re.sub(r"http://www\.w3\.org/2000/svg", "", document)
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', document, re.S)
    assert found
    data = json.loads(found[1])
    assert len(data["images"]) == 3
    for image in data["images"]:
        named = {name.partition(":")[0] for name in image["maps"]["predicted"]["methods"]}
        assert named == set(METHODS)
        assert set(image["features"]) == set(data["layers"]) == set(data["exciting"])
    assert np.sum(data["confusion"]) == 360
    assert data["watched"] != data["class_maps"]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium")
@pytest.mark.parametrize("width", [1280, 500])
def test_a_browser_shows_the_page_without_an_error(page: Path, width: int):
    """The page's own script must have filled it; an error in it would leave it empty."""
    assert BROWSER
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={width},2000", "--dump-dom"]
    seen = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=120)
    assert seen.returncode == 0, seen.stderr
    assert seen.stdout.count("<section") == 9
    assert len(re.findall("<figcaption>", seen.stdout)) >= len(METHODS)
    assert seen.stdout.count('<button class="" title') + seen.stdout.count('<button class="wrong" title') == 3
    assert seen.stdout.partition("<main>")[2].count('aria-pressed="true"') == 1


@pytest.mark.slow
def test_pictures_of_any_size_are_explained(run: Path, tmp_path: Path):
    Image.fromarray(np.full((50, 80, 3), 200, np.uint8)).save(tmp_path / "wide.png")
    Image.fromarray(np.full((33, 20), 20, np.uint8)).save(tmp_path / "gray.jpg")
    out = tmp_path / "page.html"
    assert main(["inspect", str(run), str(tmp_path / "wide.png"), str(tmp_path / "gray.jpg"), "--out", str(out)]) == 0
    assert "wide.png" in out.read_text()


def test_a_file_that_is_no_picture_is_named(run: Path, tmp_path: Path, capsys):
    (tmp_path / "notes.txt").write_text("no picture")
    assert main(["inspect", str(run), str(tmp_path / "notes.txt")]) == 2
    assert "notes.txt is not a picture" in capsys.readouterr().err
