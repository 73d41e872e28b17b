"""The updates that an optimizer makes of one gradient."""

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxcnn import freezing, optimizers
from jaxcnn.config import OptimizerConfig

Tree = Any

PARAMS: Tree = {
    "conv": {"kernel": jax.random.normal(jax.random.key(0), (3, 3, 4, 8)), "bias": jnp.ones(8)},
    "head": {"kernel": jax.random.normal(jax.random.key(1), (8, 10))},
}
GRADIENT: Tree = jax.tree.map(lambda p: jnp.cos(3 * p), PARAMS)


def build(config: OptimizerConfig) -> optax.GradientTransformation:
    """The optimizer of PARAMS at a constant rate."""
    spans = freezing.static_spans(config, PARAMS)
    return optimizers.build(config, optax.constant_schedule(1.0), PARAMS, spans)


def last_update(optimizer: optax.GradientTransformation, gradients: Iterable[Tree], params: Tree = PARAMS) -> Tree:
    """What an optimizer makes of the last of `gradients`, once it has seen the others."""
    state, update = optimizer.init(params), None
    for gradient in gradients:
        update, state = optimizer.update(gradient, state, params)
    return update


def updates(config: OptimizerConfig, count: int = 1) -> Tree:
    """The last of `count` updates by the same gradient."""
    return last_update(build(config), [GRADIENT] * count)
