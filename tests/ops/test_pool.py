"""Pools equal flax's in values and derivatives, and PyTorch's rules in ceil mode."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.ops.pool import avg_pool, max_pool

# image, window, strides, padding
CASES = [
    ((6, 8), (2, 2), (2, 2), "VALID"),
    ((7, 5), (2, 2), (2, 2), "VALID"),
    ((7, 5), (2, 3), (2, 3), "SAME"),
    ((8, 7), (3, 3), (2, 2), ((1, 1), (1, 1))),
    ((7, 7), (3, 3), (2, 2), "SAME"),
    ((5, 6), (3, 2), None, "SAME"),
    ((7, 7), (1, 1), (2, 2), "VALID"),
    ((4, 4), (4, 4), (1, 1), "VALID"),
]
AVERAGES = {"padding counts": {}, "padding does not": {"count_include_pad": False}}


def images(size, dtype=jnp.float32) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, *size, 3)).astype(dtype)


def value_and_gradient(pool, values):
    @jax.jit
    def run(values):
        result, pull = jax.vjp(pool, values)
        return result, pull(np.cos(np.arange(result.size, dtype=result.dtype)).reshape(result.shape))[0]

    return run(values)


def same(ours, theirs, tolerance=1e-6):
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(np.asarray(a, np.float32), np.asarray(b, np.float32), atol=tolerance)


@pytest.mark.parametrize(("size", "window", "strides", "padding"), CASES)
def test_max_pool_equals_flax(size, window, strides, padding):
    ours, theirs = (
        functools.partial(pool, window_shape=window, strides=strides, padding=padding)
        for pool in (max_pool, nn.max_pool)
    )
    same(value_and_gradient(ours, images(size)), value_and_gradient(theirs, images(size)))


@pytest.mark.parametrize("options", AVERAGES.values(), ids=AVERAGES)
@pytest.mark.parametrize(("size", "window", "strides", "padding"), CASES)
def test_avg_pool_equals_flax(size, window, strides, padding, options):
    ours, theirs = (
        functools.partial(pool, window_shape=window, strides=strides, padding=padding, **options)
        for pool in (avg_pool, nn.avg_pool)
    )
    same(value_and_gradient(ours, images(size)), value_and_gradient(theirs, images(size)))


def test_bfloat16_stays_bfloat16():
    values = images((6, 6), jnp.bfloat16)
    assert max_pool(values, (2, 2), (2, 2)).dtype == avg_pool(values, (3, 3), (2, 2)).dtype == jnp.bfloat16


@pytest.mark.parametrize(("window", "strides"), [((2, 2), (2, 2)), ((3, 3), (2, 2))])
def test_of_equal_values_the_first_takes_the_gradient_as_in_xla(window, strides):
    values = jnp.zeros((1, 7, 7, 1))
    ours, theirs = (value_and_gradient(lambda x: pool(x, window, strides), values) for pool in (max_pool, nn.max_pool))  # noqa: B023
    same(ours, theirs)


def test_not_a_number_is_passed_on():
    values = images((4, 4))
    values[0, 1, 1, 0] = np.nan
    np.testing.assert_array_equal(max_pool(values, (2, 2), (2, 2)), nn.max_pool(values, (2, 2), (2, 2)))


@pytest.mark.parametrize(
    ("size", "window", "stride", "pad", "rows"), [(7, 2, 2, 0, 4), (8, 3, 2, 0, 4), (6, 3, 2, 1, 4), (5, 2, 3, 1, 2)]
)
def test_ceil_mode_keeps_the_last_window_that_begins_inside(size, window, stride, pad, rows):
    values = images((size, size))
    options = {"strides": (stride, stride), "padding": ((pad, pad), (pad, pad)), "ceil_mode": True}
    greatest, mean = max_pool(values, (window, window), **options), avg_pool(values, (window, window), **options)
    assert greatest.shape == mean.shape == (2, rows, rows, 3)
    padded = np.pad(values, ((0, 0), (pad, pad), (pad, pad), (0, 0)), constant_values=-np.inf)
    for row in range(rows):
        begin = row * stride
        corner = padded[:, begin : begin + window, begin : begin + window]
        np.testing.assert_allclose(greatest[:, row, row], corner.max((1, 2)), rtol=1e-6)
        clipped = np.where(np.isinf(corner), 0, corner)
        np.testing.assert_allclose(mean[:, row, row], clipped.mean((1, 2)), rtol=1e-5, atol=1e-6)


def test_second_derivatives_and_vmap():
    values = images((6, 6))
    loss = lambda x, pool: (jax.vmap(lambda one: pool(one[None], (3, 3), (2, 2)))(x) ** 3).sum()  # noqa: E731
    twice = lambda pool: jax.jit(jax.grad(lambda x: jnp.sin(jax.grad(loss)(x, pool)).sum()))  # noqa: E731
    dense = lambda x, *_: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "VALID")  # noqa: E731
    same([twice(max_pool)(values)], [twice(dense)(values)], 1e-4)


def test_other_inputs_are_flax_s():
    line = jnp.arange(12.0).reshape(2, 6, 1)
    np.testing.assert_array_equal(max_pool(line, (2,), (2,)), nn.max_pool(line, (2,), (2,)))
    with pytest.raises(ValueError, match="ceil_mode needs"):
        max_pool(line, (2,), (2,), ceil_mode=True)
