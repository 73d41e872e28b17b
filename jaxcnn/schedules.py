"""Learning-rate schedules: pure functions step -> multiplier of the learning rate, which peaks at 1."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import jax.numpy as jnp
import optax

from jaxcnn import specs
from jaxcnn.config import ScheduleConfig
from jaxcnn.durations import steps
from jaxcnn.errors import UserError
from jaxcnn.types import Resolve


def constant(total: int, resolve: Resolve) -> optax.Schedule:
    return optax.constant_schedule(1.0)


def step(total: int, resolve: Resolve, boundaries: tuple[str, ...] = ("50%", "75%"), factor: float = 0.1):
    """Multiplied by `factor` at each boundary (He et al. 2015: at 50 % and 75 %)."""
    when = _rising("boundaries", boundaries, resolve)
    # In a short run several may fall on one step, and each multiplies.
    return optax.piecewise_constant_schedule(1.0, {boundary: factor ** when.count(boundary) for boundary in when})


def piecewise_linear(total: int, resolve: Resolve, points: tuple[tuple[str, float], ...] = (("0%", 1), ("100%", 0))):
    """Straight lines between (when, multiplier); before the first and after the last point the multiplier is theirs."""
    if not points or min(value for _, value in points) < 0:
        raise UserError(f"schedule.points needs at least one point, and no multiplier below 0, not {points}")
    when = jnp.array(_rising("points", [duration for duration, _ in points], resolve))
    multiplier = jnp.array([value for _, value in points], jnp.float32)
    return lambda count: jnp.interp(count, when, multiplier)


def _rising(name: str, durations: Sequence[str], resolve: Resolve) -> list[int]:
    """The durations in steps.

    Raises: UserError if one is later than the next.
    """
    when = [resolve(duration) for duration in durations]
    for earlier, later in pairwise(range(len(when))):
        if when[earlier] > when[later]:
            raise UserError(
                f"schedule.{name} must be in rising order of time, but {durations[earlier]} comes before "
                f"{durations[later]}"
            )
    return when


def exponential(total: int, resolve: Resolve, final: float = 0.01) -> optax.Schedule:
    """From 1 to `final` by the same factor at each step; with a large `final`, a range test (Smith 2015)."""
    if final <= 0:
        raise UserError("the exponential schedule never reaches 0: set schedule.final above it, as in 0.01")
    return optax.exponential_decay(1.0, total, final)


def cosine(total: int, resolve: Resolve, final: float = 0.0) -> optax.Schedule:
    """Half a cosine from 1 to `final` (Loshchilov & Hutter 2017, without restarts)."""
    return optax.cosine_decay_schedule(1.0, total, alpha=final)


def one_cycle(total: int, resolve: Resolve, peak: str = "30%", final: float = 4e-6) -> optax.Schedule:
    """Linear rise from 1/25 to 1 at `peak`, cosine decay to `final` (Smith & Topin 2017)."""
    rise = resolve(peak)
    if not 0 <= rise < total:
        raise UserError(f"schedule.peak {peak} must be after the warm-up and before the end of the training")
    rise = max(rise, 1)
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
    """The schedule of a training of `total` steps; the named schedule covers what remains after the warm-up.

    Raises: UserError for an unknown name or option, and for times that cannot be meant.
    """
    warmup = steps(config.warmup, steps_per_epoch, total)
    if warmup >= total and warmup:
        raise UserError(
            f"schedule.warmup {config.warmup} is {warmup:,} steps, and the whole training has {total:,}: the learning "
            "rate would never reach its peak. Use a shorter one (as in 5%) or train longer"
        )
    remaining = total - warmup
    fields = ("boundaries", "factor", "points", "final", "peak")
    options = {name: getattr(config, name) for name in fields if getattr(config, name) is not None}

    def resolve(duration: str) -> int:
        return steps(duration, steps_per_epoch, total) - warmup

    schedule = specs.bind(SCHEDULES, config.name, options, "schedule")(remaining, resolve)
    if warmup == 0:
        return schedule
    # From 1/warmup, not from zero: a first step at rate zero would be wasted.
    return optax.join_schedules([lambda count: (count + 1) / warmup, schedule], [warmup])
