"""The randomness of augmentations."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax


class Draw(NamedTuple):
    """Everything that an augmentation may depend on, keyed by an example's position in the global batch."""

    keys: Array
    """[B] PRNG keys, new at every step."""
    image_keys: Array
    """[B] PRNG keys of the images, the same throughout the training."""
    epoch: Array
    """Scalar integer."""
    axis: str | None = None
    """The mapped axis along which the global batch is split; None: it is not split."""

    def uniform(self, low: float, high: float) -> Array:
        """[B, 1, 1, 1] numbers, one per image."""
        return jax.vmap(lambda key: jax.random.uniform(key, (1, 1, 1), jnp.float32, low, high))(self.keys)

    def integers(self, *stops: int) -> Array:
        """[B, len(stops)] integers, each from 0 to its stop - 1; stops must be far below 2^23.

        It hashes once, unlike the exact `randint`, whose code was a tenth of a small network's step.
        """
        uniform = jax.vmap(lambda key: jax.random.uniform(key, (len(stops),), jnp.float32))(self.keys)
        return jnp.floor(uniform * jnp.array(stops, jnp.float32)).astype(jnp.int32)

    def normal(self, count: int) -> Array:
        """[B, count] numbers of a standard normal distribution."""
        return jax.vmap(lambda key: jax.random.normal(key, (count,), jnp.float32))(self.keys)

    def fold_in(self, index: int) -> "Draw":
        """An independent draw, for example for one augmentation of a chain."""
        return self._replace(keys=jax.vmap(partial(jax.random.fold_in, data=index))(self.keys))

    def beta(self, alpha: float) -> Array:
        """[B, 1, 1, 1] numbers from Beta(alpha, alpha), one per image."""
        return jax.vmap(lambda key: jax.random.beta(key, alpha, alpha, (1, 1, 1), jnp.float32))(self.keys)

    def partner(self, x: Array) -> Array:
        """`x` [B, ...] of the previous example in the global batch, on whichever device it is.

        The order of an epoch is random, so that the neighbor is a random partner.
        """
        if self.axis is None:
            return jnp.roll(x, 1, axis=0)
        whole = lax.all_gather(x, self.axis, tiled=True)
        first = lax.axis_index(self.axis) * len(x)
        return whole[(first + jnp.arange(len(x)) - 1) % len(whole)]


def coin(keys: Array) -> Array:
    """[B, 1, 1, 1] booleans, one per image."""
    return jax.vmap(partial(jax.random.bernoulli, p=jnp.float32(0.5)))(keys)[:, None, None, None]
