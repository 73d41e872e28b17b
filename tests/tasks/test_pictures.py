import jax
import jax.numpy as jnp
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.datasets import load_sample_images

from helpers.tiny import random_data
from jaxcnn import data, tasks, train
from jaxcnn.config import Config
from jaxcnn.tasks import colorize, denoise, fidelity, inpaint

PHOTOS = jnp.stack([jnp.asarray(photo)[200:232, 300:332] for photo in load_sample_images().images])
NOISY = jnp.clip(PHOTOS + 25 * jax.random.normal(jax.random.key(0), PHOTOS.shape), 0, 255)


def test_psnr_and_ssim_are_those_of_scikit_image():
    noisy = np.asarray(NOISY.round()).astype(np.uint8)
    pairs = list(zip(np.asarray(PHOTOS), noisy, strict=True))
    np.testing.assert_allclose(
        fidelity.psnr(NOISY, PHOTOS), [peak_signal_noise_ratio(a, b) for a, b in pairs], rtol=1e-5
    )
    settings = {"channel_axis": -1, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = [structural_similarity(a, b, data_range=255, **settings) for a, b in pairs]
    np.testing.assert_allclose(fidelity.ssim(NOISY, PHOTOS), expected, rtol=1e-4)


def test_equal_pictures_and_a_known_difference():
    assert fidelity.psnr(PHOTOS, PHOTOS).tolist() == [fidelity.IDENTICAL] * 2
    assert float(fidelity.ssim(PHOTOS, PHOTOS).min()) == pytest.approx(1, abs=1e-6)
    flat = jnp.full((1, 16, 16, 3), 100.0)
    assert float(fidelity.psnr(flat, flat + 5)[0]) == pytest.approx(20 * np.log10(255 / 5), rel=1e-5)
    where = jnp.zeros((16, 16, 1)).at[:4, :4].set(1)
    assert float(fidelity.psnr(flat, flat.at[:, :4, :4].add(5), where)[0]) == pytest.approx(20 * np.log10(51), rel=1e-5)


def test_noise_of_25_before_clipping_has_20_17_db():
    task = tasks.build(Config("n", task="denoise:sigma=25"), random_data(side=32).info)
    images = jnp.full((20, 32, 32, 3), 128, jnp.uint8)  # far from both ends: nothing is clipped
    given, pair = task.example(train.evaluation_draw(jnp.arange(20)), images, jnp.zeros(20, jnp.int32))
    assert float(fidelity.psnr(given, pair.whole).mean()) == pytest.approx(20 * np.log10(255 / 25), abs=0.05)


def test_the_identity_has_the_psnr_of_what_is_given():
    """A network that changes nothing is exactly as good as the baseline of `denoise`."""
    info = random_data(side=32).info
    task = tasks.build(Config("n", task="denoise:sigma=25"), info)
    images = jnp.repeat(PHOTOS, 3, axis=0)
    given, pair = task.example(train.evaluation_draw(jnp.arange(6)), images, jnp.zeros(6, jnp.int32))
    mean, std = np.array(info.mean), np.array(info.std)
    outputs = (given / 255 - mean) / std
    sums = task.sums(outputs, pair, jnp.ones(6)) | task.evaluation_sums(outputs, pair, jnp.ones(6))
    assert float(sums["psnr"]) == pytest.approx(float(sums["input_psnr"][0]), abs=1e-3)
    assert float(sums["ssim"]) == pytest.approx(float(sums["input_ssim"][0]), abs=1e-4)


def test_chroma_and_luma_are_a_picture_again():
    pictures = jnp.asarray(PHOTOS, jnp.float32)
    np.testing.assert_allclose(colorize.join(colorize.luma(pictures), colorize.chroma(pictures)), pictures, atol=1e-2)


def test_the_harmonic_fill_is_harmonic_and_exact_for_planes():
    inside = np.zeros((12, 12), bool)
    inside[3:9, 4:8] = True
    rows, columns = np.mgrid[:12, :12].astype(np.float32)
    plane = (3 * rows - 2 * columns)[None, :, :, None]
    spoiled = np.where(inside[None, :, :, None], 1000, plane)
    fill = inpaint.harmonic(inside)
    np.testing.assert_allclose(fill(jnp.asarray(spoiled)), plane, atol=1e-3)
    filled = np.asarray(fill(jnp.asarray(PHOTOS[:, :12, :12], jnp.float32)))
    mean = (filled[:, :-2, 1:-1] + filled[:, 2:, 1:-1] + filled[:, 1:-1, :-2] + filled[:, 1:-1, 2:]) / 4
    np.testing.assert_allclose(mean[:, inside[1:-1, 1:-1]], filled[:, inside], atol=1e-2)


def test_a_blur_keeps_what_is_flat_and_takes_noise_away():
    flat = jnp.full((1, 32, 32, 3), 90.0)
    np.testing.assert_allclose(denoise.blur(flat, 1.0), flat, rtol=1e-5)
    better = fidelity.psnr(denoise.blur(jnp.asarray(NOISY, jnp.float32), 0.7), PHOTOS)
    assert (better > fidelity.psnr(NOISY, PHOTOS)).all()


@pytest.mark.slow
def test_linear_restoration_reaches_the_least_squares_kernel():
    """Gradient descent on one 3x3 kernel ends where the normal equations do."""
    digits = data.load("digits").train_images[:200, :, :, :1].astype(np.float32) / 255
    noisy = digits + np.random.default_rng(0).normal(0, 0.3, digits.shape)
    side = digits.shape[1] - 2
    places = [(row, column) for row in range(3) for column in range(3)]
    patches = np.stack([noisy[:, r : r + side, c : c + side, 0].reshape(-1) for r, c in places], axis=1)
    wanted = digits[:, 1:-1, 1:-1, 0].reshape(-1)
    expected = np.linalg.lstsq(patches, wanted, rcond=None)[0]

    def loss(kernel: jax.Array) -> jax.Array:
        settings = {"window_strides": (1, 1), "padding": "VALID", "dimension_numbers": ("NHWC", "HWIO", "NHWC")}
        restored = jax.lax.conv_general_dilated(jnp.asarray(noisy, jnp.float32), kernel, **settings)
        return jnp.square(restored - digits[:, 1:-1, 1:-1]).mean()

    kernel = jnp.zeros((3, 3, 1, 1))
    descend = jax.jit(lambda kernel: kernel - 0.3 * jax.grad(loss)(kernel))
    for _ in range(600):
        kernel = descend(kernel)
    np.testing.assert_allclose(kernel.reshape(-1), expected, atol=2e-3)
