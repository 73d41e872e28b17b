"""Which parameters and batch statistics train when: a span of steps for each.

Optax's `freeze` zeroes updates but still computes the gradient; here a frozen parameter gets none (training only the
head of ResNet-18 takes 0.29 of a whole step's time).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax

from jaxcnn import rules
from jaxcnn.config import OptimizerConfig
from jaxcnn.errors import UserError
from jaxcnn.types import Resolve, Tree

FOREVER = math.inf


@dataclass(frozen=True)
class Span:
    """Something trains from step `begin` until before `end`; with `begin` FOREVER it never does."""

    begin: float = 0
    end: float = FOREVER
    pace: float = 1
    """How much faster its schedule runs than the training's, so that it ends at `end`."""

    @property
    def ever(self) -> bool:
        return self.begin < FOREVER

    def __contains__(self, step: float) -> bool:
        return self.begin <= step < self.end


ALWAYS = Span()
NEVER = Span(begin=FOREVER)


def spans(config: OptimizerConfig, params: Tree, batch_stats: Tree, resolve: Resolve) -> tuple[Tree, Tree]:
    """When each parameter and each batch statistic changes.

    The statistics of a layer (`stem/norm/mean`) follow the same patterns as its parameters.
    Raises: UserError for a pattern that matches no parameter, and for a parameter frozen before it trains.
    """
    settings = {
        "freeze": [(pattern, FOREVER) for pattern in config.freeze],
        "unfreeze": [(pattern, float(resolve(when))) for pattern, when in config.unfreeze],
        "freeze_at": [(pattern, float(resolve(when))) for pattern, when in config.freeze_at],
    }
    for setting, patterns in settings.items():
        rules.assign(patterns, params, 0.0, f"optimizer.{setting}")
    begins, ends = settings["freeze"] + settings["unfreeze"], settings["freeze_at"]
    of = _spans_of(begins, ends, resolve("100%") if ends else 1)
    fixed = config.frozen_batch_stats == "fixed"
    return of(params), of(batch_stats) if fixed else jax.tree.map(lambda _: ALWAYS, batch_stats)


def static_spans(config: OptimizerConfig, params: Tree) -> Tree:
    """The spans of `params` where nothing is frozen or unfrozen during training.

    Raises: UserError if the config asks for that.
    """
    if config.unfreeze or config.freeze_at:
        raise UserError(
            "optimizer.unfreeze and optimizer.freeze_at are not possible here: train such a run in its own process (in "
            "a sweep: --no-stack)"
        )
    return spans(config, params, {}, lambda _: 0)[0]


def _spans_of(
    begins: Sequence[tuple[str, float]], ends: Sequence[tuple[str, float]], total: float
) -> Callable[[Tree], Tree]:
    def span(name: str) -> Span:
        begin, end = rules.first_match(begins, name, 0.0), rules.first_match(ends, name, FOREVER)
        if begin == FOREVER:
            return NEVER
        if end == FOREVER:
            return Span(begin)
        if end <= begin:
            raise UserError(f"optimizer.freeze_at: {name} would be frozen at step {end:.0f}, before it trains")
        return Span(begin, end, total / end)

    return lambda tree: jax.tree.unflatten(jax.tree.structure(tree), [span(name) for name in rules.paths(tree)])


def moving(spans: Tree, step: float) -> Tree:
    """A tree of booleans: true where a leaf changes at `step`."""
    return jax.tree.map(lambda span: step in span, spans)


def ever(spans: Tree) -> Tree:
    """A tree of booleans: true where a leaf changes at some step."""
    return jax.tree.map(lambda span: span.ever, spans)


def changes(*trees: Tree) -> set[int]:
    """The steps at which something is frozen or unfrozen."""
    return {int(step) for span in jax.tree.leaves(trees) for step in (span.begin, span.end) if 0 < step < FOREVER}
