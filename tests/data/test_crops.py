"""Crops of pictures that stay in their files, and the keys by which they are drawn."""

from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from jaxcnn.data import crops, pictures, threefry
from jaxcnn.errors import UserError

PHOTOS = [np.asarray(photo) for photo in load_sample_images().images]


def test_keys_in_numpy_are_those_of_jax():
    key, data = jax.random.key(11), np.arange(5)
    ours = threefry.fold_in(np.asarray(jax.random.key_data(key)), 2**31 + 7)
    np.testing.assert_array_equal(ours, jax.random.key_data(jax.random.fold_in(key, 2**31 + 7)))
    many = jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, data)
    folded = threefry.fold_in(np.asarray(jax.random.key_data(key)), data)
    np.testing.assert_array_equal(folded, jax.random.key_data(many))
    expected = jax.vmap(lambda each: jax.random.uniform(each, (9,)))(many)
    np.testing.assert_array_equal(threefry.uniform(folded, 9), expected)


NUMBERS = np.random.default_rng(0).random((400, crops.DRAWN), np.float32)


@pytest.mark.parametrize("name", crops.CROPS)
@pytest.mark.parametrize("size", [(40, 300), (300, 40), (64, 64), (33, 32)])
def test_every_crop_is_inside_the_picture(name: str, size: tuple[int, int]):
    crop = crops.build(
        name if name == "random_resized" else f"{name}:shortest={(40, 50) if 'jitter' in name else 40}", 32
    )
    boxes = np.array([crop(numbers, *size, 32) for numbers in NUMBERS])
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= np.array(size) + 1e-9).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert len(np.unique(boxes, axis=0)) > 150


def test_random_resized_has_torchvisions_distribution():
    """Area uniform in 8 to 100 % and the logarithm of the ratio uniform, where both fit."""
    crop = crops.build("random_resized:area=(0.08,0.4)", 32)
    boxes = np.array([crop(numbers, 1000, 1000, 32) for numbers in NUMBERS])
    wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    area, ratio = wide * tall / 1e6, np.log(wide / tall)
    assert 0.079 < area.min() < 0.1
    assert 0.38 < area.max() < 0.401
    assert area.mean() == pytest.approx(0.24, abs=0.015)
    assert ratio.mean() == pytest.approx(0, abs=0.03)
    assert np.abs(ratio).max() == pytest.approx(np.log(4 / 3), abs=0.01)


def test_a_square_of_the_scaled_picture():
    """AlexNet's: 224 of a shorter side of 256 are 7/8 of the middle square; VGG's: 224 of 256 to 512."""
    left, top, right, bottom = crops.build("random:shortest=256", 224)(np.zeros(crops.DRAWN), 400, 800, 224)
    assert (left, top, right, bottom) == (0, 200, 350, 550)
    boxes = [crops.build("scale_jitter", 224)(numbers, 400, 800, 224) for numbers in NUMBERS]
    edges = np.array([box[2] - box[0] for box in boxes])
    assert 400 * 224 / 512 <= edges.min() < 180
    assert 340 < edges.max() <= 400 * 224 / 256


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("resized", "unknown train crop"),
        ("random_resized:area=(0,1)", "area is two numbers"),
        ("scale_jitter:shortest=(20,30)", "from 32"),
        ("random:shortest=20", "at least 32"),
    ],
)
def test_crops_that_cannot_be_meant(spec: str, message: str):
    with pytest.raises(UserError, match=message):
        crops.build(spec, 32)


def test_a_crop_is_that_of_the_decoded_picture(tmp_path: Path):
    """Where the JPEG is decoded at half its size, it is close to that; where it is not, exact."""
    smooth = np.asarray(Image.fromarray(PHOTOS[0]).resize((160, 106)).resize((640, 424), Image.Resampling.BICUBIC))
    path = tmp_path / "large.jpg"
    Image.fromarray(smooth).save(path, quality=95)
    for box, tolerance in (((100, 50, 140, 90), 0), ((0, 0, 640, 424), 8)):
        whole = Image.open(path).resize((32, 32), Image.Resampling.BILINEAR, box=box)
        ours = pictures.cropped(path, 32, lambda wide, tall, box=box: box).astype(int)  # type: ignore[misc]
        assert np.abs(ours - np.asarray(whole)).max() <= tolerance


def test_the_middle_is_cut_out_of_the_resized_picture():
    picture = Image.fromarray(PHOTOS[1])
    exact = picture.resize((386, 256), Image.Resampling.BICUBIC).crop((81, 16, 305, 240))
    ours = pictures.fitted(picture, 224, 224, resize=256).astype(int)
    assert np.abs(ours - np.asarray(exact)).mean() < 2
    np.testing.assert_array_equal(pictures.fitted(picture, 64, 64, resize=64), pictures.fitted(picture, 64, 64))
