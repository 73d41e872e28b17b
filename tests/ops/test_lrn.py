"""Local response normalization equals its formula, written out unit by unit."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.ops.lrn import norm_across_channels, norm_within_channel

X = np.random.default_rng(0).normal(size=(2, 4, 5, 7)).astype("float32")
ALPHA, BETA, OFFSET = 0.3, 0.75, 2.0


def window(center: int, size: int, length: int) -> slice:
    return slice(max(0, center - size // 2), min(length, center + size // 2 + 1))


def by_hand(neighbors: Callable[..., tuple]) -> np.ndarray:
    y = np.empty_like(X)
    for place in np.ndindex(X.shape):
        y[place] = X[place] / (OFFSET + ALPHA * np.sum(X[neighbors(*place)] ** 2)) ** BETA
    return y


@pytest.mark.parametrize("size", [3, 5, 9])
def test_across_channels(size: int):
    expected = by_hand(lambda b, h, w, c: (b, h, w, window(c, size, 7)))
    np.testing.assert_allclose(norm_across_channels(jnp.asarray(X), size, ALPHA, BETA, OFFSET), expected, rtol=1e-5)


@pytest.mark.parametrize("size", [3, 5])
def test_within_channel(size: int):
    expected = by_hand(lambda b, h, w, c: (b, window(h, size, 4), window(w, size, 5), c))
    np.testing.assert_allclose(norm_within_channel(jnp.asarray(X), size, ALPHA, BETA, OFFSET), expected, rtol=1e-5)


def test_bfloat16_is_summed_in_float32():
    x = jnp.full((1, 1, 1, 9), 16.0, jnp.bfloat16)
    y = norm_across_channels(x, 9, 1.0, 1.0, 1.0)
    assert y.dtype == jnp.bfloat16
    np.testing.assert_allclose(y[0, 0, 0, 4], 16 / (1 + 9 * 256), rtol=5e-3)
