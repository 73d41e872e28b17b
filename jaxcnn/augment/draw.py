"""What an augmentation may depend on."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax


class Draw(NamedTuple):
    """What an augmentation may depend on; keyed by the example's place in the global batch, never by its device."""

    keys: Array
    """[B] PRNG keys, new at every step."""
    image_keys: Array
    """[B] PRNG keys that stay with an image through the whole training."""
    epoch: Array
    """Scalar integer."""
    axis: str | None = None
    """The mapped axis along which the global batch is cut; None: it is not."""

    def uniform(self, low: float, high: float) -> Array:
        """[B, 1, 1, 1] numbers, one for each image."""
        return jax.vmap(lambda key: jax.random.uniform(key, (1, 1, 1), minval=low, maxval=high))(self.keys)

    def integers(self, *stops: int) -> Array:
        """[B, len(stops)] whole numbers, each from 0 to its stop - 1, for stops far below the 2^23 that are drawn of.

        Unlike `randint`, which is exact, it hashes once: of a small network's step, that was a tenth of the code.
        """
        shares = jax.vmap(lambda key: jax.random.uniform(key, (len(stops),)))(self.keys)
        return jnp.floor(shares * jnp.array(stops)).astype(jnp.int32)

    def fold_in(self, place: int) -> "Draw":
        """The draw for the augmentation at this place of a chain, independent of the others."""
        return self._replace(keys=jax.vmap(partial(jax.random.fold_in, data=place))(self.keys))

    def beta(self, alpha: float) -> Array:
        """[B, 1, 1, 1] numbers in 0 ... 1 of the distribution Beta(alpha, alpha), one for each image."""
        return jax.vmap(lambda key: jax.random.beta(key, alpha, alpha, (1, 1, 1)))(self.keys)

    def partner(self, x: Array) -> Array:
        """`x` [B, ...] of the example that is one place before in the global batch, whichever device has it.

        The order of an epoch is random, so the neighbor is a random partner.
        """
        if self.axis is None:
            return jnp.roll(x, 1, axis=0)
        whole = lax.all_gather(x, self.axis, tiled=True)
        first = lax.axis_index(self.axis) * len(x)
        return whole[(first + jnp.arange(len(x)) - 1) % len(whole)]


def coin(keys: Array) -> Array:
    """[B, 1, 1, 1] booleans, one for each image."""
    return jax.vmap(jax.random.bernoulli)(keys)[:, None, None, None]
