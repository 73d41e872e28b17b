"""After which steps a run logs, evaluates and saves."""

import math
from dataclasses import dataclass

from jaxcnn.config import Config
from jaxcnn.durations import every
from jaxcnn.errors import UserError


@dataclass(frozen=True)
class Cadence:
    """Steps between two logs, evaluations and saves (0: never); all of them happen after the last step."""

    total: int
    log: int
    evaluate: int
    checkpoint: int
    validates: bool = True
    """Whether there are validation images."""

    def logs(self, step: int) -> bool:
        return self._is_time(self.log, step)

    def evaluates(self, step: int) -> bool:
        return self.validates and self._is_time(self.evaluate, step)

    def saves(self, step: int) -> bool:
        return self._is_time(self.checkpoint, step)

    def _is_time(self, interval: int, step: int) -> bool:
        return step == self.total or (interval > 0 and step % interval == 0)


def cadence(config: Config, steps_per_epoch: int, total: int, validates: bool) -> Cadence:
    """The cadence that a config asks for, in a run of `total` steps.

    Raises: UserError if `select` is "best" and there would be nothing to choose from.
    """
    log, evaluate, checkpoint = (
        every(duration, steps_per_epoch, total)
        for duration in (config.log_every, config.evaluate_every, config.checkpoint_every)
    )
    if config.select == "best":
        _check_choice(config, evaluate, checkpoint, total, validates)
    return Cadence(total, log, evaluate, checkpoint, validates)


def _check_choice(config: Config, evaluate: int, checkpoint: int, total: int, validates: bool) -> None:
    """A checkpoint can be chosen if it was saved at a step that was evaluated."""
    if not validates:
        raise UserError("select best needs validation images: set data.validation, or select last")
    lengths = [interval for interval in (evaluate, checkpoint) if interval]
    short_run = len(lengths) == 2 and min(lengths) >= total
    if not short_run and (len(lengths) < 2 or math.lcm(*lengths) >= total):
        raise UserError(
            f"select best would have only the last checkpoint to choose from: with evaluate_every "
            f"{config.evaluate_every} and checkpoint_every {config.checkpoint_every} no other step is both evaluated "
            "and saved. Give both the same value, or select last"
        )
