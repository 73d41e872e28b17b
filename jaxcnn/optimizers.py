"""Optimizers: a name and hyper-parameters -> an Optax chain, with rules for decay and rates.

Every optimizer is a direction (unit learning rate, no decay); the chain around it is the same for all:
clip -> direction -> decoupled weight decay -> rate rules -> minus learning rate times schedule.
"""

from collections.abc import Callable
from typing import Any

import jax
import optax
from optax.contrib import MuonDimensionNumbers

from jaxcnn import rules, specs
from jaxcnn.config import OptimizerConfig

Tree = Any
Direction = optax.GradientTransformation


def absent(number: float | jax.Array) -> bool:
    """Whether a hyper-parameter is zero and what it weighs can be left out; one that is traced is there."""
    return isinstance(number, int | float) and number == 0


def sgd() -> Direction:
    return optax.identity()


def momentum(momentum: float = 0.9) -> Direction:
    return optax.trace(momentum)


def nesterov(momentum: float = 0.9) -> Direction:
    return optax.trace(momentum, nesterov=True)


def adagrad(eps: float = 1e-7) -> Direction:
    return optax.scale_by_rss(eps=eps)


def rmsprop(decay: float = 0.9, eps: float = 1e-8, momentum: float = 0.0) -> Direction:
    scaled = optax.scale_by_rms(decay=decay, eps=eps)
    return scaled if absent(momentum) else optax.chain(scaled, optax.trace(momentum))


def adam(b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Direction:
    return optax.scale_by_adam(b1=b1, b2=b2, eps=eps)


def lion(b1: float = 0.9, b2: float = 0.99) -> Direction:
    return optax.scale_by_lion(b1=b1, b2=b2)


def muon(momentum: float = 0.95, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Direction:
    """Orthogonalised momentum (Jordan 2024) for every kernel, viewed as (inputs, outputs); NAdam for the vectors."""

    def as_matrices(params: Tree) -> Tree:
        def sides(p: jax.Array) -> MuonDimensionNumbers | None:
            return MuonDimensionNumbers(tuple(range(p.ndim - 1)), (p.ndim - 1,)) if p.ndim >= 2 else None

        return jax.tree.map(sides, params)

    descent = optax.contrib.muon(
        1.0, beta=momentum, eps=eps, adam_b1=b1, adam_b2=b2, muon_weight_dimension_numbers=as_matrices
    )
    return optax.chain(descent, optax.scale(-1.0))


OPTIMIZERS: dict[str, Callable[..., Direction]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adam,
    "lion": lion,
    "muon": muon,
}
DEFAULT_DECAY = {"adamw": 1e-4, "lion": 1e-3}
"""Optax's own, for the optimizers that are defined with decay; zero for the others."""

HYPER_PARAMETERS = ("momentum", "b1", "b2", "decay", "eps")


def trainable(config: OptimizerConfig, params: Tree) -> Tree:
    """A tree of booleans: false where a parameter is frozen."""
    return rules.assign([(pattern, False) for pattern in config.freeze], params, True, "optimizer.freeze")


def decay_weights(config: OptimizerConfig, params: Tree) -> Tree:
    """How much of every penalty and decay each parameter gets."""
    return rules.assign(config.decay_rules, params, 0.0, "optimizer.decay_rules")


def build(config: OptimizerConfig, schedule: optax.Schedule, params: Tree) -> optax.GradientTransformation:
    """The chain for the trainable part of `params` (the other half of `rules.partition` is None throughout).

    Raises: UserError for an unknown name, a hyper-parameter it does not take, a pattern that matches nothing.
    """
    options = {name: getattr(config, name) for name in HYPER_PARAMETERS if getattr(config, name) is not None}
    direction = specs.bind(OPTIMIZERS, config.name, options, "optimizer")()
    decay = DEFAULT_DECAY.get(config.name, 0.0) if config.weight_decay is None else config.weight_decay
    mask = trainable(config, params)
    decays, _ = rules.partition(mask, decay_weights(config, params))
    rates, _ = rules.partition(mask, rules.assign(config.rate_rules, params, 1.0, "optimizer.rate_rules"))

    def decayed(updates: Tree, params: Tree) -> Tree:
        return jax.tree.map(lambda u, w, share: u + decay * share * w if share else u, updates, params, decays)

    def scaled(updates: Tree, _: Tree) -> Tree:
        return jax.tree.map(lambda u, rate: rate * u, updates, rates)

    return optax.chain(
        optax.clip_by_global_norm(config.clip_norm) if config.clip_norm is not None else optax.identity(),
        direction,
        optax.identity() if absent(decay) else optax.stateless(decayed),
        optax.stateless(scaled) if config.rate_rules else optax.identity(),
        optax.scale_by_schedule(lambda count: -config.learning_rate * schedule(count)),
    )
