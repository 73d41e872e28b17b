"""Optimizers: a name and hyper-parameters -> an Optax chain, with rules for decay and rates.

Every optimizer is a direction (unit learning rate, no decay), in the same chain:
clip -> direction -> decoupled weight decay -> learning-rate multipliers -> minus learning rate times schedule.
"""

import operator
from collections.abc import Callable
from functools import partial

import jax
import optax
from optax.contrib import MuonDimensionNumbers

from jaxcnn import freezing, rules, specs
from jaxcnn.config import OptimizerConfig
from jaxcnn.types import Tree

Direction = optax.GradientTransformation


def is_static_zero(number: float | jax.Array) -> bool:
    """Whether a hyper-parameter is known to be zero, so that its term can be left out; a traced one is not."""
    return isinstance(number, int | float) and number == 0


def sgd() -> Direction:
    return optax.identity()


def momentum(momentum: float = 0.9) -> Direction:
    return optax.trace(momentum)


def nesterov(momentum: float = 0.9) -> Direction:
    return optax.trace(momentum, nesterov=True)


def adagrad(eps: float = 1e-7) -> Direction:
    """The sum of squares starts at 0.1, as in TensorFlow and Optax; PyTorch's starts at 0, and its first step is 1."""
    return optax.scale_by_rss(eps=eps)


def rmsprop(decay: float = 0.9, eps: float = 1e-8, momentum: float = 0.0) -> Direction:
    scaled = optax.scale_by_rms(decay=decay, eps=eps)
    return scaled if is_static_zero(momentum) else optax.chain(scaled, optax.trace(momentum))


def adam(b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Direction:
    return optax.scale_by_adam(b1=b1, b2=b2, eps=eps)


def lion(b1: float = 0.9, b2: float = 0.99) -> Direction:
    return optax.scale_by_lion(b1=b1, b2=b2)


def muon(momentum: float = 0.95, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> Direction:
    """Orthogonalized momentum (Jordan 2024) for every kernel, viewed as (inputs, outputs); NAdam for the vectors.

    As there, steps of matrices are scaled by sqrt(max(1, outputs / inputs)). So are those of convolutions here, with
    the whole window as inputs; the reference takes the sides of the window for outputs and inputs: a factor of 1.
    """

    def as_matrices(params: Tree) -> Tree:
        def sides(p: jax.Array) -> MuonDimensionNumbers | None:
            return MuonDimensionNumbers(tuple(range(p.ndim - 1)), (p.ndim - 1,)) if p.ndim >= 2 else None

        return jax.tree.map(sides, params)

    descent = optax.contrib.muon(
        1.0, beta=momentum, eps=eps, adam_b1=b1, adam_b2=b2, muon_weight_dimension_numbers=as_matrices
    )
    return optax.chain(descent, optax.scale(-1.0))


def airbench(momentum: float = 0.6) -> Direction:
    """Muon with three steps and no factors for convolution kernels, Nesterov momentum 0.85 for the rest.

    Source: airbench94_muon (Jordan 2024, arXiv:2404.00498, and its repository).
    """

    def parts(params: Tree) -> Tree:
        return jax.tree.map(lambda p: "kernels" if p.ndim == 4 else "others", params)

    def as_matrices(params: Tree) -> Tree:
        return jax.tree.map(lambda _: MuonDimensionNumbers((0, 1, 2), (3,)), params)

    kernels = optax.contrib.scale_by_muon(beta=momentum, ns_steps=3, weight_dimension_numbers=as_matrices)
    return optax.partition({"kernels": kernels, "others": nesterov(0.85)}, parts)


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
    "airbench": airbench,
}
DEFAULT_DECAY = {"adamw": 1e-4, "lion": 1e-3}
"""Optax's defaults for the optimizers that are defined with decay; the others have none."""

HYPER_PARAMETERS = ("momentum", "b1", "b2", "decay", "eps")


def decay_weights(config: OptimizerConfig, params: Tree) -> Tree:
    """The multiplier of weight decay, l1 and l2 for each parameter."""
    return rules.assign(config.weight_decay_multipliers, params, 0.0, "optimizer.weight_decay_multipliers")


def build(config: OptimizerConfig, schedule: optax.Schedule, params: Tree, spans: Tree) -> optax.GradientTransformation:
    """The chain for the part of `params` that ever trains (the other part of `rules.partition` is None throughout).

    `spans` come from `freezing`. The optimizer state of a parameter that is unfrozen late starts then. While something
    is frozen, the caller discards its updates.
    Raises: UserError for an unknown name, a hyper-parameter it does not take, a pattern that matches nothing.
    """
    options = {name: getattr(config, name) for name in HYPER_PARAMETERS if getattr(config, name) is not None}
    direction = specs.bind(OPTIMIZERS, config.name, options, "optimizer")
    decay = DEFAULT_DECAY.get(config.name, 0.0) if config.weight_decay is None else config.weight_decay
    trains = freezing.ever(spans)

    def restrict(tree: Tree) -> Tree:
        return rules.partition(trains, tree)[0]

    spans, decays = restrict(spans), restrict(decay_weights(config, params))
    rates = restrict(rules.assign(config.lr_multipliers, params, 1.0, "optimizer.lr_multipliers"))
    patterns = [(pattern, True) for pattern in config.renormalize]
    renormalized = restrict(rules.assign(patterns, params, False, "optimizer.renormalize"))

    def decayed(updates: Tree, params: Tree) -> Tree:
        return jax.tree.map(lambda u, w, factor: u + decay * factor * w if factor else u, updates, params, decays)

    def scaled(updates: Tree, _: Tree) -> Tree:
        return jax.tree.map(lambda u, rate: rate * u, updates, rates)

    return optax.chain(
        optax.clip_by_global_norm(config.clip_norm) if config.clip_norm is not None else optax.identity(),
        _each_from_its_start(direction, jax.tree.map(lambda span: span.begin, spans)),
        optax.identity() if is_static_zero(decay) else optax.stateless(decayed),
        optax.stateless(scaled) if config.lr_multipliers else optax.identity(),
        _by_schedule(lambda count: -config.learning_rate * schedule(count), spans),
        optax.stateless(partial(_after_scaling, renormalized)) if config.renormalize else optax.identity(),
    )


def _after_scaling(chosen: Tree, updates: Tree, params: Tree) -> Tree:
    """Updates that also rescale the chosen kernels [..., outputs] to norm sqrt(outputs), as if before the step."""

    def rescaled(scaled: bool, update: jax.Array, w: jax.Array) -> jax.Array:
        return update + w * (w.shape[-1] ** 0.5 / optax.tree.norm(w) - 1) if scaled else update

    return jax.tree.map(rescaled, chosen, updates, params)


def _by_schedule(rate: optax.Schedule, spans: Tree) -> optax.GradientTransformation:
    """Scales by the learning rate of the step; parameters that are frozen early run through the schedule faster."""
    paces = {span.pace for span in jax.tree.leaves(spans)}
    if paces <= {1}:
        return optax.scale_by_schedule(rate)

    def at(pace: float) -> optax.GradientTransformation:
        chosen = jax.tree.map(lambda span: span.pace == pace, spans)
        return optax.masked(optax.scale_by_schedule(lambda count: rate(count * pace)), chosen)

    return optax.chain(*map(at, sorted(paces)))


def _each_from_its_start(direction: Callable[[], Direction], begins: Tree) -> Direction:
    """One direction for all parameters that start at the same step, so that bias correction counts their own steps."""
    starts = set(jax.tree.leaves(begins))
    if starts <= {0.0}:
        return direction()

    def begin_at(start: float) -> Direction:
        if not start:
            return direction()
        return optax.conditionally_transform(direction(), partial(operator.le, start))

    return optax.partition({start: begin_at(start) for start in sorted(starts)}, begins)
