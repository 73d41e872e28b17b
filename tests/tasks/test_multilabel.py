"""Several labels a picture: the task, its data in arrays and in folders, and a whole run through the command line."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import jaxcnn
from helpers.tiny import random_data, tiny_config
from jaxcnn import data, fit
from jaxcnn.__main__ import main
from jaxcnn.assemble import assemble
from jaxcnn.config import Config, DataConfig, OptimizerConfig
from jaxcnn.data import folder
from jaxcnn.data.folder import Reading
from jaxcnn.errors import UserError
from jaxcnn.tasks import build
from jaxcnn.tasks.multilabel import measure, summarize, sums

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(50, 4)).round(1)
TRUTH = (RNG.random((50, 4)) < [0.1, 0.3, 0.5, 0.9]).astype(np.float32)


def test_mean_average_precision_is_scikit_learns():
    from sklearn.metrics import average_precision_score

    found = measure(LOGITS, TRUTH)
    each = [average_precision_score(TRUTH[:, k], LOGITS[:, k]) for k in range(4)]
    np.testing.assert_allclose(found["class_average_precision"], each, rtol=1e-9)
    assert found["mean_average_precision"] == pytest.approx(average_precision_score(TRUTH, LOGITS, average="macro"))


def test_a_class_without_examples_is_left_out_of_the_mean():
    found = measure(LOGITS, TRUTH * [0, 1, 1, 1])
    assert found["class_average_precision"][0] is None
    assert found["mean_average_precision"] == pytest.approx(np.mean(found["class_average_precision"][1:]))


def test_label_accuracy_and_exact_match_are_scikit_learns():
    from sklearn.metrics import accuracy_score, hamming_loss

    mask = np.arange(50) < 40
    totals: Any = {"count": mask.sum(), **sums(jnp.asarray(LOGITS), jnp.asarray(TRUTH), jnp.asarray(mask, jnp.float32))}
    found, said = summarize(totals), (LOGITS > 0)[:40]
    assert found["label_accuracy"] == pytest.approx(1 - hamming_loss(TRUTH[:40], said))
    assert found["exact_match"] == pytest.approx(accuracy_score(TRUTH[:40], said))


def test_the_loss_is_a_binary_cross_entropy_for_each_class():
    task = build(Config("n", task="multilabel"), replace(random_data().info, label_names=tuple("abcd")))
    p = 1 / (1 + np.exp(-LOGITS))
    expected = -(TRUTH * np.log(p) + (1 - TRUTH) * np.log(1 - p)).sum(1)
    np.testing.assert_allclose(task.loss(jnp.asarray(LOGITS), jnp.asarray(TRUTH)), expected, rtol=1e-5)


def test_labels_of_one_class_are_taken_as_rows():
    task = build(Config("n", task="multilabel"), random_data().info)
    _, targets = task.example(None, jnp.zeros((3, 4, 4, 3)), jnp.array([2, 0, 9]))  # type: ignore[arg-type]
    np.testing.assert_array_equal(targets, jax.nn.one_hot(jnp.array([2, 0, 9]), 10))


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixty pictures of stripes: red ones, green ones, both or none, in fast.ai's layout."""
    monkeypatch.setenv("JAXCNN_CACHE", str(tmp_path / "cache"))
    home, lines = tmp_path / "stripes", ["fname,labels"]
    (home / "images").mkdir(parents=True)
    for place in range(60):
        picture = np.random.default_rng(place).integers(0, 60, (16, 20, 3), np.uint8)
        found = [name for bit, name in enumerate(("red", "green")) if place >> bit & 1]
        for channel, name in enumerate(("red", "green")):
            if name in found:
                picture[4 * channel : 4 * channel + 4, :, channel] += 180
        Image.fromarray(picture).save(home / f"images/{place:02d}.png")
        lines.append(f"images/{place:02d}.png,{' '.join(found)}")
    (home / "labels.csv").write_text("\n".join(lines) + "\n")
    return home


def load(root: Path) -> data.Dataset:
    return folder.load(str(root), Reading(side=16))


def test_a_table_gives_several_labels(table: Path):
    found = load(table)
    assert found.label_names == ("green", "red")
    assert found.labels.shape == (60, 2)
    assert found.several_labels
    assert found.labels.sum(0).tolist() == [30, 30]
    assert 5 <= len(found.test_labels) <= 20
    assert load(table).digest == found.digest


def test_a_table_may_say_what_is_for_the_test_and_separate_by_semicolons(table: Path):
    lines = (table / "labels.csv").read_text().splitlines()[1:]
    rows = [f"{line.replace(' ', ';').replace('red', 'dark red')},{place % 3 == 0}" for place, line in enumerate(lines)]
    (table / "labels.csv").write_text("image_name,tags,is_valid\n" + "\n".join(rows))
    found = load(table)
    assert found.label_names == ("dark red", "green")
    assert (found.train_size, len(found.test_labels)) == (40, 20)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "has the columns a, b; one must be file"),
        ("fname,labels\nimages/00.png,red\n", "1 different labels"),
        ("fname,labels\nimages/00.png,red green\nimages/99.png,red\n", "1 files that are not there.*99"),
        ("fname,labels\nimages/00.png,red\nimages/00.png,green\n", "twice"),
        ("fname,labels,is_valid\nimages/00.png,red green,maybe\n", "'maybe' is neither True nor False"),
        ("fname,labels,is_valid\nimages/00.png,red,0\nimages/01.png,green,1\n", "'green' .* no training pictures"),
        ("fname,labels,is_valid\nimages/00.png,red green,0\n", "no test pictures"),
    ],
)
def test_tables_that_cannot_be_used(table: Path, text: str, message: str):
    (table / "labels.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        load(table)


def test_arrays_of_several_labels(tmp_path: Path):
    images = np.zeros((20, 4, 4, 3), np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, labels=TRUTH[:20] > 0)
    found = data.load(f"arrays:{tmp_path / 'mine.npz'}")
    assert found.labels.shape == (20, 4)
    chosen = data.load(f"arrays:{tmp_path / 'mine.npz'}", classes=("3", "0"))
    np.testing.assert_array_equal(chosen.labels, found.labels[:, [3, 0]])
    np.savez(tmp_path / "mine.npz", images=images, labels=3 * np.ones((20, 4), int))
    with pytest.raises(UserError, match="zeros and ones"):
        data.load(f"arrays:{tmp_path / 'mine.npz'}")


def config(table: Path, tmp_path: Path, **changes: object) -> Config:
    base = replace(
        tiny_config(tmp_path / "run"),
        model="mlp:hidden=(16,)",
        task="multilabel",
        optimizer=OptimizerConfig("adam", 0.003),
        ema=0.0,
        data=DataConfig(f"folder:{table}", image_size=16, validation=10),
        augment=("flip",),
        batch_size=16,
        duration="60steps",
        evaluate_every="60steps",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_a_run_learns_the_stripes_and_is_asked(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    summary = fit.fit(config(table, tmp_path))
    assert summary["test_mean_average_precision"] > 0.95
    assert len(summary["test_class_average_precision"]) == 2
    run = jaxcnn.load(tmp_path / "run")
    answers = run.predict([table / "images/03.png", table / "images/00.png"])
    assert answers[0].min() > answers[1].max()
    assert main(["evaluate", str(tmp_path / "run")]) == 0
    assert "average precision" in capsys.readouterr().out
    out = tmp_path / "out.csv"
    assert main(["predict", str(tmp_path / "run"), str(table / "images/03.png"), "--csv", str(out)]) == 0
    assert out.read_text().splitlines()[1].split(",")[1] == "green;red"
    assert main(["inspect", str(tmp_path / "run")]) == 2
    assert json.loads((tmp_path / "run/data.json").read_text())["several_labels"] is True


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "classification"}, "several labels a picture.*--task multilabel"),
        ({"data.imbalance": 10.0}, "imbalance is for pictures of one class"),
        ({"data.label_noise": 0.5}, "label_noise is for pictures of one class"),
        ({"loss.class_weights": ("balanced",)}, "class_weights is for the task classification"),
        ({"augment": ("mixup",)}, "mixup mixes"),
    ],
)
def test_settings_that_do_not_fit_several_labels(table: Path, tmp_path: Path, changes, message: str):
    from jaxcnn.config_json import changed
    from jaxcnn.data.for_run import load_images

    chosen = changed(config(table, tmp_path), changes)
    with pytest.raises(UserError, match=message):
        assemble(chosen, load_images(chosen))
