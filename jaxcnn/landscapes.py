"""Small problems on which an optimizer's behaviour can be seen: a ravine, a saddle, sparse features."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from jaxcnn import optimizers
from jaxcnn.config import OptimizerConfig

Landscape = Callable[[Array], Array]
"""A point [2] -> its height."""


def ravine(point: Array) -> Array:
    """Forty times steeper across than along; the minimum is 0 at (0, 0)."""
    return 0.5 * (point[0] ** 2 + 40 * point[1] ** 2)


def saddle(point: Array) -> Array:
    """A slope of zero at (0, 0) that is no minimum; the minima, -1/4, are at (0, 1) and (0, -1)."""
    return 0.5 * point[0] ** 2 - 0.5 * point[1] ** 2 + 0.25 * point[1] ** 4


def descend(
    objective: Callable[[Array], Array], start: Array, config: OptimizerConfig, rates: Sequence[float], steps: int
) -> np.ndarray:
    """Every point of a descent from `start` at each constant rate, as a network would be trained.

    Shape [rates, steps + 1, ...]; the config's learning rate counts as a factor.
    """

    def path(rate: Array) -> Array:
        optimizer = optimizers.build(config, lambda _: rate, start)

        def step(carry: tuple[Array, optax.OptState], _: None) -> tuple[tuple[Array, optax.OptState], Array]:
            point, state = carry
            updates, state = optimizer.update(jax.grad(objective)(point), state, point)
            moved = jnp.asarray(optax.apply_updates(point, updates))
            return (moved, state), moved

        _, points = lax.scan(step, (start, optimizer.init(start)), None, steps)
        return jnp.concatenate([start[None], points])

    return np.asarray(jax.jit(jax.vmap(path))(jnp.asarray(rates)))


def sparse_regression(features: int = 200, examples: int = 2000, seed: int = 0) -> Callable[[Array], Array]:
    """The mean squared error of a linear model whose feature k is 1 in about one of k + 1 examples, else 0.

    The least is 0, and all true weights are +-1: rare features matter as much as frequent ones, when they are there.
    """
    random = np.random.default_rng(seed)
    present = random.random((examples, features)) < 1 / np.arange(1, features + 1)
    inputs = jnp.asarray(present, jnp.float32)
    wanted = inputs @ jnp.asarray(random.choice([-1.0, 1.0], features), jnp.float32)
    return lambda weights: jnp.square(inputs @ weights - wanted).mean()
