"""Local response normalization: a unit is divided by the activity around it, over channels or over the image.

Everywhere `alpha` multiplies the plain sum of squares, as Krizhevsky et al. 2012 write it. Caffe, cuda-convnet and
PyTorch divide their alpha by the number of summands first: give theirs divided by `size`, or by `size` squared over
the image. Their offset is 1, not 2.
"""

import functools
import operator

import jax
import jax.numpy as jnp


def norm_across_channels(x: jax.Array, size: int, alpha: float, beta: float = 0.75, offset: float = 1.0) -> jax.Array:
    """Divide by (offset + alpha * sum of squares over `size` neighboring channels) ** beta: [..., C] -> [..., C].

    The neighborhood is centered and ends at the first and last channel; the sum is in float32.
    Source: Krizhevsky et al. 2012, section 3.3; "cmrnorm" in cuda-convnet.
    """
    return _normalize(x, (-1,), size, alpha, beta, offset)


def norm_within_channel(x: jax.Array, size: int, alpha: float, beta: float = 0.75, offset: float = 1.0) -> jax.Array:
    """The same over `size` x `size` pixels of each channel: [B, H, W, C] -> [B, H, W, C].

    Source: "rnorm" in cuda-convnet; `norm_region: WITHIN_CHANNEL` in Caffe.
    """
    return _normalize(x, (1, 2), size, alpha, beta, offset)


def _normalize(x: jax.Array, axes: tuple[int, ...], size: int, alpha: float, beta: float, offset: float) -> jax.Array:
    total = jnp.square(x.astype(jnp.float32))
    for axis in axes:
        total = _window_sum(total, axis, size)
    return (x * (offset + alpha * total) ** -beta).astype(x.dtype)


def _window_sum(x: jax.Array, axis: int, size: int) -> jax.Array:
    """Sums of `size` neighbors along `axis`: shifted copies, which compile into the loop around them."""
    padding = [(0, 0)] * x.ndim
    padding[axis] = ((size - 1) // 2, size // 2)
    padded, length = jnp.pad(x, padding), x.shape[axis]
    shifted = (jax.lax.slice_in_dim(padded, start, start + length, axis=axis) for start in range(size))
    return functools.reduce(operator.add, shifted)
