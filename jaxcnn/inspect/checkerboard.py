"""Three measures of a checkerboard: in the overlap of taps, in the means of pixel phases, in the spectrum.

Source: Odena, Dumoulin and Olah 2016, "Deconvolution and Checkerboard Artifacts", Distill.
"""

import jax.numpy as jnp
import numpy as np

from jaxcnn.layers.upsample import conv_transpose


def overlap(kernel: int, stride: int) -> float:
    """The coefficient of variation of how many taps reach a pixel, away from the border: 0 where they are even."""
    ones = jnp.ones((1, 4 * kernel, 4 * kernel, 1))
    reached = np.asarray(conv_transpose(ones, jnp.ones((kernel, kernel, 1, 1)), stride, 0))[0, ..., 0]
    whole = (reached.shape[0] // 2 - stride * kernel) // stride * stride
    inside = reached[whole : whole + stride * kernel, whole : whole + stride * kernel]
    return float(inside.std() / inside.mean())


def phase_spread(images: np.ndarray, stride: int = 2) -> float:
    """How far the means of the stride^2 pixel phases are apart, over the standard deviation of the pixels.

    images [N, H, W, C]; near 0 for photographs, as nothing in them knows of even and odd pixels.
    """
    pixels = images.astype(np.float64)
    places = [(row, column) for row in range(stride) for column in range(stride)]
    means = [pixels[:, row::stride, column::stride].mean((0, 1, 2)) for row, column in places]
    return float(np.ptp(means, axis=0).mean() / pixels.std())


def excess(images: np.ndarray, data: np.ndarray, stride: int = 2) -> float:
    """Power at the frequency of one period each `stride` pixels, along either axis: the images over the data."""
    return float(_power(images, stride) / _power(data, stride))


def _power(images: np.ndarray, stride: int) -> np.floating:
    """The mean over images, channels and both axes, and over all frequencies along the other axis."""
    spectrum = np.square(np.abs(np.fft.fft2(images.astype(np.float64), axes=(1, 2)))).mean((0, 3))
    rows, columns = (side // stride for side in spectrum.shape)
    return (spectrum[rows].mean() + spectrum[:, columns].mean()) / 2
