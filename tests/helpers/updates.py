"""The updates that an optimizer makes of one gradient."""

import jax
import jax.numpy as jnp
import optax

from jaxcnn import optimizers

PARAMS = {
    "conv": {"kernel": jax.random.normal(jax.random.key(0), (3, 3, 4, 8)), "bias": jnp.ones(8)},
    "head": {"kernel": jax.random.normal(jax.random.key(1), (8, 10))},
}
GRADIENT = jax.tree.map(lambda p: jnp.cos(3 * p), PARAMS)


def updates(config, count=1, params=PARAMS, gradient=GRADIENT):
    optimizer = optimizers.build(config, optax.constant_schedule(1.0), params)
    state = optimizer.init(params)
    for _ in range(count):
        update, state = optimizer.update(gradient, state, params)
    return update
