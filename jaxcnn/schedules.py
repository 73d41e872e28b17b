"""Learning-rate schedules: pure functions step -> multiplier of the learning rate, which peaks at 1."""

from collections.abc import Callable

import jax.numpy as jnp
import optax

from jaxcnn import specs
from jaxcnn.config import ScheduleConfig
from jaxcnn.durations import steps
from jaxcnn.types import Resolve


def constant(total: int, resolve: Resolve) -> optax.Schedule:
    return optax.constant_schedule(1.0)


def step(total: int, resolve: Resolve, boundaries: tuple[str, ...] = ("50%", "75%"), factor: float = 0.1):
    """Multiplied by `factor` at each boundary (He et al. 2015: at 50 % and 75 %)."""
    return optax.piecewise_constant_schedule(1.0, {resolve(boundary): factor for boundary in boundaries})


def piecewise_linear(total: int, resolve: Resolve, points: tuple[tuple[str, float], ...] = (("0%", 1), ("100%", 0))):
    """Straight lines between (when, multiplier)."""
    when = jnp.array([resolve(duration) for duration, _ in points])
    multiplier = jnp.array([value for _, value in points], jnp.float32)
    return lambda count: jnp.interp(count, when, multiplier)


def exponential(total: int, resolve: Resolve, final: float = 0.01) -> optax.Schedule:
    """From 1 to `final` by the same factor at each step; with a large `final`, a range test (Smith 2015)."""
    return optax.exponential_decay(1.0, total, final)


def cosine(total: int, resolve: Resolve, final: float = 0.0) -> optax.Schedule:
    """Half a cosine from 1 to `final` (Loshchilov & Hutter 2017, without restarts)."""
    return optax.cosine_decay_schedule(1.0, total, alpha=final)


def one_cycle(total: int, resolve: Resolve, peak: str = "30%", final: float = 4e-6) -> optax.Schedule:
    """Linear rise from 1/25 to 1 at `peak`, cosine decay to `final` (Smith & Topin 2017)."""
    rise = max(resolve(peak), 1)
    return optax.warmup_cosine_decay_schedule(1 / 25, 1.0, rise, max(total, rise + 1), end_value=final)


SCHEDULES: dict[str, Callable[..., optax.Schedule]] = {
    "constant": constant,
    "step": step,
    "piecewise_linear": piecewise_linear,
    "exponential": exponential,
    "cosine": cosine,
    "one_cycle": one_cycle,
}


def build(config: ScheduleConfig, total: int, steps_per_epoch: int) -> optax.Schedule:
    """The schedule of a training of `total` steps; the named schedule covers what remains after the warm-up."""
    warmup = steps(config.warmup, steps_per_epoch, total)
    remaining = max(total - warmup, 1)
    fields = ("boundaries", "factor", "points", "final", "peak")
    options = {name: getattr(config, name) for name in fields if getattr(config, name) is not None}

    def resolve(duration: str) -> int:
        return steps(duration, steps_per_epoch, total) - warmup

    schedule = specs.bind(SCHEDULES, config.name, options, "schedule")(remaining, resolve)
    if warmup == 0:
        return schedule
    # From 1/warmup, not from zero: a first step at rate zero would be wasted.
    return optax.join_schedules([lambda count: (count + 1) / warmup, schedule], [warmup])
