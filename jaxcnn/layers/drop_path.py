"""Stochastic depth: in training, a path of the network is left out at random for some of the images."""

import jax
import jax.numpy as jnp
from flax import linen as nn


class DropPath(nn.Module):
    """Zero whole examples with probability `rate`, and scale the others so that the mean stays: [B, ...] -> [B, ...].

    The random numbers come from the rng `dropout`. In evaluation, or at rate 0, it is the identity.
    Source: Huang et al. 2016, arXiv:1603.09382, section 3; one draw an example, as in NASNet (arXiv:1707.07012, A.7).
    """

    rate: float
    deterministic: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, progress: float | jax.Array = 1.0) -> jax.Array:
        """`progress` in [0, 1] is a factor on the rate, for schedules that grow."""
        if self.deterministic or self.rate == 0.0:
            return x
        keep = 1.0 - self.rate * progress
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        kept = jax.random.bernoulli(self.make_rng("dropout"), keep, shape)
        return jnp.where(kept, x / jnp.asarray(keep, x.dtype), 0)
