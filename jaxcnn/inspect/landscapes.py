"""Small problems on which an optimizer's behavior can be seen: a ravine, a saddle, sparse features."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from jaxcnn import freezing, optimizers
from jaxcnn.config import OptimizerConfig

Landscape = Callable[..., Array]
"""A point, and the number of the step for those that differ from step to step -> the height."""


def ravine(point: Array, step: Array | int = 0) -> Array:
    """Forty times steeper across than along; the minimum is 0 at (0, 0)."""
    return 0.5 * (point[0] ** 2 + 40 * point[1] ** 2)


def saddle(point: Array, step: Array | int = 0) -> Array:
    """The slope at (0, 0) is zero, but it is not a minimum; the minima, -1/4, are at (0, 1) and (0, -1)."""
    return 0.5 * point[0] ** 2 - 0.5 * point[1] ** 2 + 0.25 * point[1] ** 4


def descend(
    landscape: Landscape, start: Array, config: OptimizerConfig, rates: Sequence[float], steps: int
) -> np.ndarray:
    """Every point of a descent from `start` at each constant rate, as a network would be trained.

    Shape [rates, steps + 1, ...]; the config's learning rate counts as a factor.
    """

    def path(rate: Array) -> Array:
        optimizer = optimizers.build(config, lambda _: rate, start, freezing.static_spans(config, start))

        def move(carry: tuple[Array, optax.OptState], step: Array) -> tuple[tuple[Array, optax.OptState], Array]:
            point, state = carry
            updates, state = optimizer.update(jax.grad(landscape)(point, step), state, point)
            moved = jnp.asarray(optax.apply_updates(point, updates))
            return (moved, state), moved

        _, points = lax.scan(move, (start, optimizer.init(start)), jnp.arange(steps))
        return jnp.concatenate([start[None], points])

    return np.asarray(jax.jit(jax.vmap(path))(jnp.asarray(rates)))


def sparse_regression(
    features: int = 200, examples: int = 2000, batch: int = 20, seed: int = 0
) -> tuple[Callable[[Array], Array], Landscape]:
    """The mean squared error of a linear model: weights -> that on all examples; (weights, step) -> that on a batch.

    Feature k is 1 in about one of k + 1 examples, else 0, so most batches say nothing of a rare one. The least is 0
    and all true weights are +-1: rare features matter as much as frequent ones, when they are there.
    """
    random = np.random.default_rng(seed)
    present = random.random((examples, features)) < 1 / np.arange(1, features + 1)
    inputs = jnp.asarray(present, jnp.float32)
    wanted = inputs @ jnp.asarray(random.choice([-1.0, 1.0], features), jnp.float32)

    def of_batch(weights: Array, step: Array | int = 0) -> Array:
        first = step % (examples // batch) * batch
        seen, answers = (lax.dynamic_slice_in_dim(array, first, batch) for array in (inputs, wanted))
        return jnp.square(seen @ weights - answers).mean()

    return lambda weights: jnp.square(inputs @ weights - wanted).mean(), of_batch
