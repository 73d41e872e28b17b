"""Normalization, statistics and views."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn import data
from jaxcnn.errors import UserError


def images(count: int = 1100) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 4, 5, 3), np.uint8)


def test_statistics_are_exact() -> None:
    mean, std = data.statistics(images())
    np.testing.assert_allclose(mean, (images() / 255).mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, (images() / 255).std((0, 1, 2)), rtol=1e-10)


def test_scale() -> None:
    ends = np.array([[[[0, 255, 51]]]], np.uint8)
    np.testing.assert_allclose(data.normalize(ends, "scale").ravel(), [-1, 1, -0.6], rtol=1e-6)


def test_center_keeps_the_range_of_bytes() -> None:
    mean, std = data.statistics(images())
    centered = data.normalize(images(), "center", mean, std)
    np.testing.assert_allclose(centered.mean((0, 1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(np.ptp(centered, (0, 1, 2)), 255, rtol=1e-5)


def test_standardize() -> None:
    mean, std = data.statistics(images())
    normal = data.normalize(images(), "standardize", mean, std)
    np.testing.assert_allclose(normal.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(normal.std((0, 1, 2)), 1, rtol=1e-5)


@pytest.mark.parametrize("name", data.NORMALIZATIONS)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_the_same_inside_a_compiled_step(name: str, dtype: jax.typing.DTypeLike) -> None:
    compiled = jax.jit(lambda batch: data.normalize(batch, name, dtype=dtype))(jnp.asarray(images(10)))
    assert compiled.dtype == dtype
    expected = data.normalize(images(10), name)
    tolerance = 1e-5 if dtype == jnp.float32 else 0.01
    np.testing.assert_allclose(compiled.astype(jnp.float32), expected, rtol=tolerance, atol=tolerance)


def test_a_bad_normalization_is_one_clear_error() -> None:
    with pytest.raises(UserError, match="did you mean 'scale'"):
        data.normalize(images(1), "scaled")
