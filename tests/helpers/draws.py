"""Random images, and what an augmentation draws for them."""

import jax
import jax.numpy as jnp

from jaxcnn.augment import Draw


def draw(count, seed=0, epoch=0):
    keys = jax.random.split(jax.random.key(seed), count)
    homes = jax.random.split(jax.random.key(99), count)
    return Draw(keys, homes, jnp.int32(epoch))


def images(count, size=8):
    return jax.random.randint(jax.random.key(5), (count, size, size, 3), 1, 256).astype(jnp.uint8)
