"""Small networks that are looked into."""

from functools import cache

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxcnn.inspect import probe
from jaxcnn.inspect.network import Network
from jaxcnn.layers import avg_pool
from jaxcnn.types import Tree

SHAPE = (16, 16, 3)
IMAGES = jax.random.normal(jax.random.key(7), (6, *SHAPE))
CLASSES = jnp.array([0, 3, 1, 9, 9, 5])


@cache
def catalog(spec: str = "resnet20:widths=(4,4,8),blocks=(1,1,1)", seed: int = 0) -> Network:
    """A network of the catalog with random statistics and biases."""
    model, variables = probe.init_model(spec, seed, SHAPE)
    keys = iter(jax.random.split(jax.random.key(seed + 1), 500))
    moved = {"bias": 0.3, "mean": 0.3}

    def disturb(path: tuple, leaf: jax.Array) -> jax.Array:
        name, noise = path[-1].key, jax.random.normal(next(keys), leaf.shape)
        return leaf + moved.get(name, 0) * noise if name in moved else leaf * jnp.exp(0.2 * noise)

    return Network(model, jax.tree_util.tree_map_with_path(disturb, variables), SHAPE)


class Plain(nn.Module):
    """Convolutions, ReLU, pooling, dense: no bias anywhere, so that it is homogeneous."""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        x = nn.relu(nn.Conv(5, (3, 3), use_bias=False, name="conv1")(x))
        x = nn.relu(nn.Conv(7, (3, 3), use_bias=False, name="conv2")(avg_pool(x, (2, 2), (2, 2))))
        return nn.Dense(10, use_bias=False, name="head")(x.reshape(len(x), -1))


class Linear(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        return nn.Dense(10, name="head")(x.reshape(len(x), -1))


def made(model: nn.Module, seed: int = 0) -> Network:
    variables: Tree = model.init(jax.random.key(seed), IMAGES)
    return Network(model, variables, SHAPE)
