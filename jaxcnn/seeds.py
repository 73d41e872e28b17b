"""Random keys of one kind, whatever JAX's default is: a seed means the same numbers everywhere, and on resume."""

import jax

IMPLEMENTATION = "threefry2x32"


def key_of(seed: int) -> jax.Array:
    return jax.random.key(seed, impl=IMPLEMENTATION)
