"""Warps against scipy, and against what their definitions say of a picture whose values are its coordinates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from helpers.draws import draw, images
from jaxcnn.augment import warp
from jaxcnn.augment.spatial import reflect

SCIPY = {"reflect": "mirror", "edge": "nearest", "zero": "grid-constant"}


def warped(function, batch, **options):
    """The images after a warp, compiled as a training step compiles it."""
    return jax.jit(lambda images: function(draw(len(batch)), images, **options))(batch)


def coordinates(count, size=21):
    """[count, size, size, 2] images that hold their own row and column, counted from the center, plus 100."""
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    return jnp.broadcast_to(jnp.stack([rows, columns], axis=-1) + 100.0, (count, size, size, 2))


@pytest.mark.parametrize("mode", SCIPY)
def test_samples_are_those_of_scipy(mode):
    batch = images(4, size=9)
    rows, columns = np.random.default_rng(0).uniform(-12, 20, (2, 4, 7, 5)).astype(np.float32)
    ours = jax.jit(warp.sample, static_argnums=3)(batch, rows, columns, mode)
    for b in range(4):
        for c in range(3):
            where = np.stack([rows[b], columns[b]])
            theirs = ndimage.map_coordinates(np.asarray(batch[b, ..., c], float), where, order=1, mode=SCIPY[mode])
            np.testing.assert_allclose(ours[b, ..., c], theirs, atol=1e-3)


def test_reflection_goes_on_beyond_one_period():
    wanted = np.pad(np.arange(4), 11, mode="reflect")
    assert (np.asarray(reflect(jnp.arange(-11, 15), 4)) == wanted).all()
    assert (np.asarray(reflect(jnp.arange(-3, 4), 1)) == 0).all()


def seen_at(images, row, column):
    """What stands at (row, column), counted from the center: the coordinates it was taken from."""
    middle = images.shape[1] // 2
    return np.asarray(images[:, middle + row, middle + column]) - 100


def test_stretch_scales_each_axis_about_the_center_by_its_own_factor():
    seen = warped(warp.stretch, coordinates(1000), strength=0.2)
    np.testing.assert_allclose(seen_at(seen, 0, 0), 0, atol=1e-4)
    tall, wide = 8 / seen_at(seen, 8, 8).T
    for factor in (tall, wide):
        assert 0.8 <= factor.min() < 0.82
        assert 1.18 < factor.max() <= 1.2001
        assert factor.mean() == pytest.approx(1, abs=0.015)
    assert abs(np.corrcoef(tall, wide)[0, 1]) < 0.1


def test_rotation_turns_by_a_uniform_angle():
    seen = warped(warp.rotation, coordinates(1000), degrees=30.0)
    rows, columns = seen_at(seen, 0, 8).T
    np.testing.assert_allclose(np.hypot(rows, columns), 8, rtol=1e-4)
    angle = np.degrees(np.arctan2(rows, columns))
    assert -30.01 <= angle.min() < -29
    assert 29 < angle.max() <= 30.01
    assert angle.std() == pytest.approx(60 / np.sqrt(12), rel=0.05)


def test_shear_slides_rows_by_their_distance_from_the_middle():
    seen = warped(warp.shear, coordinates(1000), strength=0.3)
    rows, columns = seen_at(seen, 5, 0).T
    np.testing.assert_allclose(rows, 5, atol=1e-4)
    np.testing.assert_allclose(seen_at(seen, -5, 0)[:, 1], -columns, atol=1e-3)
    assert -1.501 <= columns.min() < -1.45
    assert 1.45 < columns.max() <= 1.501


def test_elastic_deformation_is_smoothed_noise():
    size, sigma = 21, 3.0
    noise = np.random.default_rng(0).uniform(-1, 1, (size, size))
    smooth = np.asarray(warp.gaussian(size, sigma))
    theirs = ndimage.gaussian_filter(noise, sigma, mode="constant", truncate=size / sigma)
    np.testing.assert_allclose(smooth @ noise @ smooth.T, theirs, atol=1e-6)
    moved = seen_at(warped(warp.elastic, coordinates(600, 33), alpha=10.0, sigma=4.0), 0, 0)
    expected = 10 / np.sqrt(3) / (2 * np.sqrt(np.pi) * 4)  # of white noise under a Gaussian, far from the edge
    assert moved.std() == pytest.approx(expected, rel=0.08)
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.15


def test_multi_scale_crop_is_a_window_of_the_enlarged_image():
    batch = images(200)
    crops = np.asarray(warped(warp.multi_scale_crop, batch, largest=1.5))
    assert crops.min() >= batch.min()
    assert crops.max() <= batch.max() + 1e-3
    seen = np.asarray(warped(warp.multi_scale_crop, coordinates(1000), largest=1.5)) - 100
    scale = 2 / (seen[:, 11, 11] - seen[:, 9, 9])
    assert 1 <= scale.min() < 1.02
    assert 1.48 < scale.max() <= 1.5001
    np.testing.assert_allclose(scale[:, 0], scale[:, 1], rtol=1e-3)
    center = seen[:, 10, 10] / ((1 - 1 / scale) * 21 / 2)
    assert abs(center[scale[:, 0] > 1.1]).max() < 1.01
    assert center[scale[:, 0] > 1.1].std() == pytest.approx(1 / np.sqrt(3), rel=0.05)


def test_enlarging_is_what_jax_calls_bilinear():
    batch = images(2, size=8)
    enlarged = jax.image.resize(batch.astype(jnp.float32), (2, 12, 12, 3), "bilinear")
    half = jnp.full((2, 1, 1, 1), 1 / 1.5)
    zero = jnp.zeros_like(half)
    affine = jax.jit(warp.affine, static_argnums=3)
    for corner, shift in {(0, 0): (-1, -1), (4, 4): (1, 1), (0, 4): (-1, 1)}.items():
        margin = (1 - 1 / 1.5) * 8 / 2
        window = affine(batch, warp.matrices(half, zero, zero, half), margin * jnp.array([shift] * 2), "edge")
        row, column = corner
        np.testing.assert_allclose(window, enlarged[:, row : row + 8, column : column + 8], atol=1e-3)
