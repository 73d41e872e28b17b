"""From uint8 images to what a model sees: sizes and normalization."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from helpers.tiny import random_data, tiny_config
from jaxcnn import data
from jaxcnn.data.preprocess import normalizer, scaled
from jaxcnn.train import _resize


@pytest.mark.parametrize(
    ("shape", "side", "expected"),
    [
        ((32, 32, 3), 0, (32, 32, 3)),
        ((32, 32, 3), 48, (48, 48, 3)),
        ((32, 48, 3), 0, (32, 48, 3)),
        ((32, 48, 3), 32, (32, 48, 3)),
        ((32, 48, 3), 64, (64, 96, 3)),
        ((48, 32, 3), 16, (24, 16, 3)),
        ((30, 50, 1), 45, (45, 75, 1)),
    ],
)
def test_a_size_is_that_of_the_shorter_side_and_the_aspect_stays(shape, side, expected):
    assert scaled(shape, side) == expected
    images = jnp.zeros((2, *shape))
    assert _resize(images, side).shape == (2, *expected)


def test_images_that_are_not_square_are_scaled_and_not_squashed(tmp_path):
    """A pattern that repeats with the same period along both sides has one along both sides after it, too."""
    images = random_data()
    info = replace(images.info, image_shape=(32, 48, 3))
    config = tiny_config(tmp_path)
    config = replace(config, data=replace(config.data, upscale=64, normalization="scale"))
    rows, columns = np.meshgrid(np.arange(32), np.arange(48), indexing="ij")
    waves = 127.5 + 127.5 * np.stack([np.cos(rows * np.pi / 8), np.cos(columns * np.pi / 8), 0 * rows], axis=-1)
    larger = normalizer(config, info)(jnp.asarray(waves[None].astype(np.uint8)))
    assert larger.shape == (1, 64, 96, 3)
    inner = slice(0, 60)  # only one of both is at its edge at 64
    np.testing.assert_allclose(larger[0, inner, 8, 0], larger[0, 8, inner, 1], atol=1e-5)


def test_the_normalization_of_imagenet_is_that_of_its_numbers_whatever_the_data():
    images = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.uint8)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    for module in (np, jnp):
        normal = data.normalize(module.asarray(images), "imagenet", mean=(9, 9, 9), std=(7, 7, 7))
        np.testing.assert_allclose(normal, (images / 255 - mean) / std, rtol=1e-5, atol=1e-6)
