"""How alike two pictures are: PSNR and SSIM of bytes [B, H, W, C], each a mean over its images.

Both look at RGB, after rounding and clipping to 0 ... 255, without shaving a border.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

IDENTICAL = 100.0
"""The PSNR, in dB, that stands for infinity where two pictures are equal; a mean needs a number."""
WINDOW, SIGMA = 11, 1.5
K1, K2, RANGE = 0.01, 0.03, 255.0


def rounded(pixels: Array) -> Array:
    """What a file would hold: float32 whole numbers in 0 ... 255."""
    return jnp.clip(jnp.round(pixels.astype(jnp.float32)), 0, 255)


def psnr(a: Array, b: Array, where: Array | np.ndarray | None = None) -> Array:
    """Peak signal-to-noise ratio [B] in dB; `where` [H, W, 1] keeps only its pixels."""
    square = jnp.square(rounded(a) - rounded(b))
    mean = square.mean((1, 2, 3)) if where is None else (square * where).sum((1, 2, 3)) / (where.sum() * a.shape[-1])
    ratio = 10 * jnp.log10(RANGE**2 / jnp.maximum(mean, 1e-12))
    return jnp.where(mean > 0, ratio, IDENTICAL)


def ssim(a: Array, b: Array) -> Array:
    """Structural similarity [B]: an 11 x 11 Gaussian window of width 1.5, where it fits, and a mean over channels.

    Source: Wang et al. 2004, equation 13, as scikit-image's with gaussian_weights and use_sample_covariance=False.
    """
    a, b = rounded(a), rounded(b)
    mean_a, mean_b = _smooth(a), _smooth(b)
    var_a, var_b = _smooth(a * a) - mean_a**2, _smooth(b * b) - mean_b**2
    covariance = _smooth(a * b) - mean_a * mean_b
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    above = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    below = (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    return (above / below).mean((1, 2, 3))


def _smooth(images: Array) -> Array:
    rows, columns = (_windows(side) for side in images.shape[1:3])
    return jnp.einsum("ih,bhwc,jw->bijc", rows, images, columns, precision="highest")


def _windows(side: int) -> np.ndarray:
    """[side - WINDOW + 1, side]: the Gaussian window at every place where it fits."""
    places = np.arange(WINDOW) - WINDOW // 2
    window = np.exp(-(places**2) / (2 * SIGMA**2))
    matrix = np.zeros((side - WINDOW + 1, side), np.float32)
    for row in range(len(matrix)):
        matrix[row, row : row + WINDOW] = window / window.sum()
    return matrix
