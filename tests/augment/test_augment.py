import jax.numpy as jnp
import numpy as np
import pytest

from helpers.draws import draw, images
from jaxcnn import augment
from jaxcnn.augment import color, spatial
from jaxcnn.errors import UserError


@pytest.mark.parametrize("mode", ["zero", "reflect"])
def test_crop_draws_every_offset_equally_often_and_pads_as_it_says(mode):
    count, padding = 5000, 2
    image = images(1)[0]
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="constant" if mode == "zero" else "reflect")
    wanted = {padded[i : i + 8, j : j + 8].tobytes(): (i, j) for i in range(5) for j in range(5)}
    batch = jnp.broadcast_to(image, (count, *image.shape))
    cropped = np.asarray(spatial.crop(draw(count), batch, padding=padding, mode=mode))
    seen = [wanted[crop.tobytes()] for crop in cropped]
    counts = np.array([seen.count(offset) for offset in wanted.values()])
    assert len(set(seen)) == (2 * padding + 1) ** 2
    assert abs(counts - count / 25).max() < 5 * np.sqrt(count / 25)


def test_flip_mirrors_half_of_the_images():
    batch = images(1000)
    flipped = np.asarray(spatial.flip(draw(1000), batch))
    mirrored = np.array([(a == b[:, ::-1]).all() for a, b in zip(flipped, np.asarray(batch), strict=True)])
    assert all((a == b).all() for a, b in zip(flipped[~mirrored], np.asarray(batch)[~mirrored], strict=True))
    assert 430 < mirrored.sum() < 570


def test_alternating_flip_mirrors_each_image_in_every_other_epoch():
    batch = images(200)
    first, second, third = (spatial.alternating_flip(draw(200, seed=e, epoch=e), batch) for e in range(3))
    assert (first == third).all()
    assert (first == second[:, :, ::-1]).all()
    assert 70 < int((first != batch).any((1, 2, 3)).sum()) < 130


def test_cutout_paints_a_square_whose_center_is_anywhere():
    batch = jnp.full((4000, 8, 8, 3), 200, jnp.uint8)
    holes = np.asarray(spatial.cutout(draw(4000), batch, size=4, fill=0.0) == 0)[..., 0]
    areas = holes.sum((1, 2))
    assert set(areas) == {a * b for a in (2, 3, 4) for b in (2, 3, 4)}
    assert holes.any(0).all()


def test_brightness_shifts_and_contrast_scales_within_their_strength():
    batch = jnp.full((2000, 4, 4, 3), 100, jnp.uint8).at[:, 0].set(150)
    shifted = np.asarray(color.brightness(draw(2000), batch, strength=0.2))
    shift = shifted[:, 1, 0, 0] - 100
    assert abs(shift).max() <= 51
    assert abs(shift.mean()) < 3
    assert shift.std() == pytest.approx(51 / np.sqrt(3), rel=0.1)
    scaled = np.asarray(color.contrast(draw(2000), batch, strength=0.2))
    ratio = (scaled[:, 0] - scaled[:, 1]).mean((1, 2)) / 50
    assert 0.8 <= ratio.min() < 0.82
    assert 1.18 < ratio.max() <= 1.2
    np.testing.assert_allclose(scaled.mean((1, 2, 3)), 112.5, rtol=1e-4)


def test_the_same_key_gives_the_same_images_and_each_part_of_a_chain_its_own():
    batch, labels = images(64), jnp.zeros(64, jnp.int32)
    both = augment.build(["crop:padding=3", "crop:padding=3"], classes=10)

    def chain(draw, images):
        return both(draw, images, labels)[0]

    assert (chain(draw(64), batch) == chain(draw(64), batch)).all()
    assert (chain(draw(64), batch) != chain(draw(64, seed=1), batch)).any()
    twice = spatial.crop(draw(64).fold_in(0), spatial.crop(draw(64).fold_in(0), batch, padding=3), padding=3)
    assert (chain(draw(64), batch) != twice).any()


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (["cropp"], "did you mean 'crop'"),
        (["crop:pad=4"], "takes no 'pad'"),
        (["crop:mode=wrap"], "mode is zero or reflect"),
        (["crop:padding=8"], "smaller than the image"),
        (["rotation:mode=wrap"], "unknown mode 'wrap'"),
        (["mixup:alpha=0"], "must be positive"),
        (["randaugment:magnitude=31"], r"magnitude is in 0 \.\.\. 30"),
    ],
)
def test_a_bad_augmentation_is_one_clear_error(chain, message):
    with pytest.raises(UserError, match=message):
        augment.build(chain, classes=10)(draw(2), images(2), jnp.zeros(2, jnp.int32))


def test_lighting_adds_one_color_along_the_principal_components():
    """The covariance of what is added is that of the colors, times the strength."""
    gray = jnp.full((4000, 2, 2, 3), 128, jnp.uint8)
    added = np.asarray(color.lighting(draw(4000), gray, strength=0.1)) - 128
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1], added.shape), atol=1e-4)
    vectors, values = color.EIGENVECTORS, color.EIGENVALUES
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=2e-3)
    expected = 25.5**2 * vectors @ np.diag(values**2) @ vectors.T
    np.testing.assert_allclose(np.cov(added[:, 0, 0].T), expected, atol=0.1 * expected.max())
