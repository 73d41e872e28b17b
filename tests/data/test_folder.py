"""One's own pictures: folders of real files, in every format and every state."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from jaxcnn import data
from jaxcnn.config import Config, DataConfig
from jaxcnn.data import folder, pictures
from jaxcnn.data.folder import Reading
from jaxcnn.data.for_run import load_images
from jaxcnn.errors import UserError

PHOTOS = [np.asarray(photo) for photo in load_sample_images().images]


def crop(place: int, height: int = 40, width: int = 56) -> Image.Image:
    photo = PHOTOS[place % 2]
    top, left = 37 * place % 300, 53 * place % 500
    return Image.fromarray(photo[top : top + height, left : left + width])


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Thirty pictures of three classes, in sizes of their own."""
    monkeypatch.setenv("JAXCNN_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "mine"
    for place in range(30):
        home = root / ("sky", "flower", "temple")[place % 3]
        home.mkdir(parents=True, exist_ok=True)
        crop(place, 40 + place, 56).save(home / f"{place:02d}.{'jpg' if place % 2 else 'png'}")
    return root


def load(root: Path, **reading: object) -> data.Dataset:
    return folder.load(str(root), replace(Reading(side=16), **reading))  # type: ignore[arg-type]


def test_a_folder_is_a_data_set_with_its_classes_in_train_and_test(root: Path):
    found = load(root)
    assert found.label_names == ("flower", "sky", "temple")
    assert found.images.shape == (30, 16, 16, 3)
    assert found.images.dtype == np.uint8
    for labels in (found.train_labels, found.test_labels):
        assert set(labels) == {0, 1, 2}
    assert np.bincount(found.labels).tolist() == [10, 10, 10]


def test_a_picture_stays_on_its_side_when_others_are_added(root: Path):
    for place in range(45):
        for name in ("sky", "flower", "temple"):
            shutil.copy(root / "sky/00.png", root / name / f"first{place}.png")
    before = folder.listing(root)
    for place in range(30, 45):
        crop(place).save(root / "sky" / f"new{place}.jpg")
    after = folder.listing(root)
    assert set(before.train) <= set(after.train)
    assert set(before.test) <= set(after.test)


@pytest.mark.parametrize("name", ["test", "val"])
def test_folders_of_splits_are_used(root: Path, tmp_path: Path, name: str):
    split = tmp_path / "split"
    shutil.copytree(root, split / "train")
    (split / name / "sky").mkdir(parents=True)
    crop(99).save(split / name / "sky/other.jpg")
    found = load(split)
    assert (found.train_size, len(found.test_labels)) == (30, 1)
    assert found.test_labels.tolist() == [1]


def test_the_second_reading_is_from_the_cache_and_a_change_is_seen(root: Path):
    first = load(root)
    again = load(root)
    assert isinstance(again.images.base, np.memmap) or isinstance(again.images, np.memmap)
    assert again.digest == first.digest
    crop(77).save(root / "sky/added.jpg")
    assert load(root).digest != first.digest


def test_hidden_files_and_notes_are_passed_over_and_counted(root: Path, capsys: pytest.CaptureFixture[str]):
    (root / "sky/.DS_Store").write_bytes(b"\0")
    (root / "sky/notes.txt").write_text("mine")
    (root / "sky/.ipynb_checkpoints").mkdir()
    crop(1).save(root / "sky/.ipynb_checkpoints/copy.png")
    assert len(load(root).labels) == 30
    assert "3 files that are not pictures" in capsys.readouterr().err


def test_a_broken_picture_stops_or_is_left_out(root: Path, capsys: pytest.CaptureFixture[str]):
    whole = (root / "sky/03.jpg").read_bytes()
    (root / "sky/half.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"half\.jpg is not a picture(.|\n)*--data\.broken skip"):
        load(root)
    for _ in range(2):  # decoded, and from the cache
        assert len(load(root, skip_broken=True).labels) == 30
        assert "half.jpg" in capsys.readouterr().err


def test_the_same_picture_in_train_and_test_is_said(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    split = tmp_path / "split"
    shutil.copytree(root, split / "train")
    shutil.copytree(root / "sky", split / "test/sky")
    for _ in range(2):
        load(split)
        assert "10 pictures are in both train and test" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda root: shutil.rmtree(root), "is not a folder"),
        (lambda root: [shutil.rmtree(root / name) for name in ("sky", "flower")], "at least two classes"),
        (lambda root: [path.unlink() for path in (root / "sky").iterdir()], "class 'sky' .* has no training pictures"),
    ],
)
def test_folders_that_cannot_be_used(root: Path, break_it, message: str):
    break_it(root)
    with pytest.raises(UserError, match=message):
        load(root)


def test_several_sizes_need_one(root: Path):
    with pytest.raises(UserError, match=r"several sizes .*--data\.image-size"):
        load(root, side=0)


def test_pictures_of_one_size_keep_it(root: Path):
    for path in [*root.rglob("*.jpg"), *root.rglob("*.png")]:
        Image.open(path).resize((24, 20)).save(path)
    assert load(root, side=0).images.shape == (30, 20, 24, 3)


def test_a_run_takes_a_fraction_for_validation(root: Path):
    config = Config("mine", data=DataConfig(f"folder:{root}", image_size=16))
    images = load_images(config)
    assert images.info.name == "folder:mine"
    assert 1 <= images.info.validation <= 5
    assert images.info.train + images.info.validation == images.dataset.train_size


# Formats

GRADIENT = np.stack([np.tile(np.arange(40, dtype=np.uint8) * 6, (30, 1))] * 3, axis=-1)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp", "jpg", "gif"])
def test_every_format_is_read(tmp_path: Path, suffix: str):
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(GRADIENT).save(path, lossless=True)
    np.testing.assert_allclose(pictures.read(path).astype(int), GRADIENT, atol=8)


def test_every_mode_is_read(tmp_path: Path):
    image, deep = Image.fromarray(GRADIENT), GRADIENT[..., 0].astype(np.uint16) * 257
    modes = {
        "L": image.convert("L"),
        "P": image.convert("P", palette=Image.Palette.ADAPTIVE),
        "LA": image.convert("LA"),
        "1": image.convert("1"),
        "16": Image.fromarray(deep),
    }
    for name, each in modes.items():
        each.save(tmp_path / f"{name}.png")
        seen = pictures.read(tmp_path / f"{name}.png")
        assert seen.shape == GRADIENT.shape
        if name != "1":
            np.testing.assert_allclose(seen.astype(int), GRADIENT, atol=6)
    image.convert("CMYK").save(tmp_path / "cmyk.tiff")
    np.testing.assert_allclose(pictures.read(tmp_path / "cmyk.tiff").astype(int), GRADIENT, atol=6)


def test_what_is_transparent_is_white(tmp_path: Path):
    above = np.zeros((8, 8, 4), np.uint8)
    above[:4, :, 3] = 255
    Image.fromarray(above).save(tmp_path / "half.png")
    seen = pictures.read(tmp_path / "half.png")
    assert (seen[:4] == 0).all()
    assert (seen[4:] == 255).all()


def test_a_picture_is_upright(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    Image.fromarray(GRADIENT).save(tmp_path / "turned.png", exif=exif)
    assert pictures.read(tmp_path / "turned.png").shape == (40, 30, 3)
    np.testing.assert_array_equal(pictures.read(tmp_path / "turned.png"), np.rot90(GRADIENT, -1))


def test_crop_pad_and_stretch():
    wide = Image.fromarray(np.repeat(np.array([[[255, 0, 0]], [[0, 0, 255]]], np.uint8), 40, axis=1).repeat(10, axis=0))
    cropped, padded, stretched = (pictures.fitted(wide, 16, 16, fit) for fit in ("crop", "pad", "stretch"))
    assert cropped[0, 0].tolist() == [255, 0, 0]
    assert padded[0].max() == 0
    assert padded[8].max() > 200
    assert stretched[0, 0].tolist() == [255, 0, 0]


# Arrays


def test_arrays_are_a_data_set(tmp_path: Path):
    images, labels = np.stack([GRADIENT] * 20), np.arange(20) % 2
    np.savez(tmp_path / "mine.npz", images=images, labels=labels, label_names=["a", "b"])
    found = data.load(f"arrays:{tmp_path / 'mine.npz'}")
    assert found.label_names == ("a", "b")
    assert (found.train_size, len(found.test_labels)) == (16, 4)
    np.savez(
        tmp_path / "split.npz", images=images[..., :1], labels=labels, test_images=images[:3], test_labels=labels[:3]
    )
    split = data.load(f"arrays:{tmp_path / 'split.npz'}")
    assert (split.train_size, split.images.shape) == (20, (23, 30, 40, 3))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": np.zeros(3)}, "holds pictures; expected images"),
        ({"images": np.zeros((2, 4, 4, 3)), "labels": np.zeros(2, int)}, "images float64"),
        ({"images": np.zeros((2, 4, 4, 3), np.uint8), "labels": np.zeros(3, int)}, r"labels int64 \[3\]"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path: Path, arrays, message: str):
    np.savez(tmp_path / "mine.npz", **arrays)
    with pytest.raises(UserError, match=message):
        data.load(f"arrays:{tmp_path / 'mine.npz'}")
    with pytest.raises(UserError, match="cannot be read"):
        data.load(f"arrays:{tmp_path / 'nothing.npz'}")


def test_the_common_size_is_that_of_upright_pictures(root: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for path in [*root.rglob("*.jpg"), *root.rglob("*.png")]:
        Image.open(path).resize((24, 20)).save(path, exif=exif)
    assert load(root, side=0).images.shape == (30, 24, 20, 3)


def test_a_test_folder_without_pictures_is_refused_before_anything_trains(root: Path, tmp_path: Path):
    split = tmp_path / "split"
    shutil.copytree(root, split / "Train")
    (split / "Test/sky").mkdir(parents=True)
    with pytest.raises(UserError, match="no test pictures"):
        load(split)
