"""An experiment is data: frozen dataclasses, JSON in and out.

Durations are written `10epochs`, `2000steps` or, within a training, `50%`. A hyper-parameter that is None has the
default of whatever it belongs to; one that is set and not taken by the chosen optimizer or schedule is an error.
This file imports no JAX, so that `--help` answers at once.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any, Literal, TypeVar, get_type_hints

import typeguard

from jaxcnn.errors import UserError, did_you_mean

T = TypeVar("T")
Rules = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class DataConfig:
    name: str = "cifar10"
    """A TFDS image-classification set (cifar10, cifar100, svhn_cropped, ...) or `digits`, which needs no network."""
    classes: tuple[str, ...] = ()
    """Keep only these classes, relabeled in this order; none named: all."""
    validation: int = 5000
    """Images held out of the training set for every choice that is made."""
    train: int = 0
    """Train on this many of the other images only, as many of each class; 0: on all."""
    label_noise: float = 0.0
    """Share of the training images that get another class's label, each class alike; the other splits keep theirs."""
    normalization: str = "standardize"
    """`standardize` (per-channel mean and standard deviation), `center` (mean alone, about -128 ... 128) or `scale` (to
    -1 ... 1)."""
    upscale: int = 0
    """Pixels a side to which images are enlarged (bilinear) before the network sees them; 0: as they are."""
    fallback: str = ""
    """A data set to use instead, loudly, where `name` is neither on disk nor to be downloaded."""


@dataclass(frozen=True)
class LossConfig:
    name: str = "cross_entropy"
    """`cross_entropy`, `binary_cross_entropy` (a sigmoid per class) or `squared_error` (on one-hot targets)."""
    smoothing: float = 0.0
    """Label smoothing: the share of a target that is spread evenly over all classes."""
    l1: float = 0.0
    """Adds l1 * sum |w| over the parameters that `optimizer.weight_decay_multipliers` select."""
    l2: float = 0.0
    """Adds l2/2 * sum w^2 over the same: the classical weight decay of SGD, which passes through the momentum."""


@dataclass(frozen=True)
class OptimizerConfig:
    name: str = "momentum"
    """sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, lion, muon or airbench (muon and nesterov)."""
    learning_rate: float = 0.1
    """The peak of the schedule."""
    weight_decay: float | None = None
    """Decoupled decay: each step also subtracts rate * weight_decay * w. (Coupled: loss.l2.)"""
    momentum: float | None = None
    """momentum, nesterov, rmsprop, muon, airbench."""
    b1: float | None = None
    """adam, adamw, lion: decay of the first moment."""
    b2: float | None = None
    """adam, adamw, lion: decay of the second moment."""
    decay: float | None = None
    """rmsprop: decay of the squared gradient."""
    eps: float | None = None
    """adagrad, rmsprop, adam, adamw: added to the denominator."""
    clip_norm: float | None = None
    """Scale the gradient down to this global norm."""
    weight_decay_multipliers: Rules = (("*kernel", 1.0), ("*", 0.0))
    """(pattern over the parameter path, multiplier of weight decay, l1 and l2); the first match wins."""
    lr_multipliers: Rules = ()
    """(pattern, multiplier of the learning rate); unmatched: 1."""
    renormalize: tuple[str, ...] = ()
    """Patterns of kernels that each step first scales to the norm sqrt(output channels)."""
    freeze: tuple[str, ...] = ()
    """Patterns of parameters that do not train; no gradient is computed for them."""
    unfreeze: tuple[tuple[str, str], ...] = ()
    """(pattern, when): parameters that are frozen until then (`30%`, `2epochs`); the first match wins."""
    freeze_at: tuple[tuple[str, str], ...] = ()
    """(pattern, when): parameters that are frozen from then on; the schedule of their learning rate is over then."""
    frozen_batch_stats: Literal["fixed", "update"] = "fixed"
    """Batch norms under a frozen pattern (`stage1_*`) normalize by their running statistics, which stay; or by
    the batch, and the statistics move."""


@dataclass(frozen=True)
class ScheduleConfig:
    name: str = "cosine"
    """constant, step, piecewise_linear, exponential, cosine or one_cycle; a multiplier of the learning rate."""
    warmup: str = "0steps"
    """Linear rise from zero before the schedule begins."""
    boundaries: tuple[str, ...] | None = None
    """step: when the rate is multiplied by `factor`."""
    factor: float | None = None
    """step: by how much."""
    points: tuple[tuple[str, float], ...] | None = None
    """piecewise_linear: (when, multiplier), joined by straight lines."""
    final: float | None = None
    """exponential, cosine, one_cycle: the multiplier at the end."""
    peak: str | None = None
    """one_cycle: when the rate is highest."""


@dataclass(frozen=True)
class InitConfig:
    source: str = ""
    """Start from these weights: a run's folder, a step of it (`runs/vgg11@2000`) or a .safetensors file."""
    restore: tuple[tuple[str, str], ...] = (("*", "load"),)
    """(pattern, action) over the parameter path, the first match wins: load, load NEW/NAME/* (renamed), init (keep
    our initial value) or skip (leave theirs behind). A leaf that no rule covers is an error."""
    whiten: str = ""
    """Path of a convolution kernel that begins as the whitening filters of 5,000 training images."""


@dataclass(frozen=True)
class DistributedConfig:
    coordinator: str = ""
    """HOST:PORT of process 0, the same in every process; `auto`: ask SLURM, a TPU pod or Open MPI; empty: alone."""
    processes: int = 0
    """How many processes the run has; with `auto` not needed."""
    process: int = 0
    """Which of them this is: 0 ... processes - 1; process 0 writes. With `auto` not needed."""


@dataclass(frozen=True)
class Config:
    name: str
    """What the experiment is called; its run lies in runs/NAME."""
    model: str = "resnet20"
    """A name of jaxcnn.MODELS, with options: `vgg16_bn:dropout=0.5`."""
    data: DataConfig = field(default_factory=DataConfig)
    augment: tuple[str, ...] = ()
    """Augmentations in order, with options: `crop:padding=4 flip cutout:size=8`."""
    loss: LossConfig = field(default_factory=LossConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    duration: str = "10epochs"
    """How long to train: `10epochs` or `2000steps`."""
    batch_size: int = 128
    """Images per step over all devices together."""
    seed: int = 0
    """Decides the initial weights, the order of examples, augmentation, dropout and the validation split."""
    dtype: Literal["auto", "float32", "bfloat16"] = "float32"
    """Of activations and products (auto: bfloat16 where the machine is fast in it); all else stays in float32."""
    batch_norm: Literal["sync", "local"] = "sync"
    """Statistics over the whole batch, or over each device's share of it."""
    grad_accum_steps: int = 1
    """Parts into which a batch is cut, one after the other, to save memory."""
    ema: float = 0.0
    """Decay per step of the moving average of the weights that is evaluated and loaded; 0: none."""
    image_sizes: tuple[tuple[str, int], ...] = ()
    """(when, side): from then on training images are resized to side x side; evaluation sees them as they are."""
    tta: Literal["none", "flip", "flip_translate"] = "none"
    """Test-time augmentation: average the logits over an image and its flip, or over six flipped and shifted views."""
    evaluate_every: str = "1epochs"
    """How often to look at the validation images."""
    checkpoint_every: str = "1epochs"
    """How often to save."""
    keep: int = 2
    """How many of the newest checkpoints to keep, besides the best on validation."""
    select: Literal["last", "best"] = "last"
    """Which checkpoint the test set judges: the last, or the best on validation."""
    log_every: str = "50steps"
    """How often to write training metrics."""
    tensorboard: bool = True
    """Also write TensorBoard events."""
    folder: str = ""
    """Where the run lies; empty: runs/NAME."""
    devices: int = 0
    """How many devices each process uses; 0: all. On a CPU more than one are virtual."""
    init: InitConfig = field(default_factory=InitConfig)
    resume: Literal["latest", "latest_valid"] = "latest"
    """Where a begun run goes on: at its newest checkpoint, or at the newest that can be read (damaged ones are set
    aside)."""
    distributed: DistributedConfig = field(default_factory=DistributedConfig)

    def __post_init__(self) -> None:
        durations = [self.duration, self.evaluate_every, self.checkpoint_every, self.log_every, self.schedule.warmup]
        for duration in durations:
            steps(duration, steps_per_epoch=1, total=1)
        positive = ("batch_size", "grad_accum_steps", "keep")
        for name in positive:
            if getattr(self, name) < 1:
                raise UserError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.ema < 1:
            raise UserError(f"ema is a decay per step in 0 ... 1 (0: none), not {self.ema}")


IGNORED_ON_RESUME = ("folder", "devices", "tensorboard", "resume", "distributed")
"""Settings that do not change what is computed: a run may be resumed with others."""

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(epochs?|steps?|%)\s*")


def steps(duration: str, steps_per_epoch: int, total: int | None = None) -> int:
    """A duration in steps; percentages are of `total`.

    Raises: UserError if it is not of the form `10epochs`, `2000steps` or `50%`.
    """
    match = _DURATION.fullmatch(duration)
    if not match:
        raise UserError(f"cannot read the duration {duration!r}: write it as 10epochs, 2000steps or 50%")
    count, unit = float(match[1]), match[2]
    if unit == "%" and total is None:
        raise UserError(f"the length of a training cannot be {duration!r} of itself: write 10epochs or 2000steps")
    if unit == "%":
        return round(count / 100 * (total or 0))
    return round(count * steps_per_epoch) if unit.startswith("epoch") else round(count)


def folder_of(config: Config) -> Path:
    return Path(config.folder or Path("runs") / config.name)


def to_dict(config: Config) -> dict[str, Any]:
    return json.loads(json.dumps(dataclasses.asdict(config)))


def changed(config: Config, changes: Mapping[str, Any]) -> Config:
    """`config` with dotted settings replaced: {"optimizer.learning_rate": 0.1, "batch_size": 64}.

    Raises: UserError for an unknown setting or a value of the wrong type.
    """
    tree = to_dict(config)
    known = flat(tree)
    for name, value in changes.items():
        if name not in known:
            raise UserError(f"unknown setting {name!r}: {did_you_mean(name, known)}")
        *parents, last = name.split(".")
        reduce(getitem, parents, tree)[last] = value
    return from_dict(Config, tree, config.name)


def from_dict(kind: type[T], values: Mapping[str, Any], where: str = "config") -> T:
    """The dataclass `kind` from plain JSON values.

    Raises: UserError for an unknown key (it names the nearest), a missing one or a value of the wrong type.
    """
    hints = get_type_hints(kind)
    for key in values:
        if key not in hints:
            raise UserError(f"unknown key {where}.{key}: {did_you_mean(key, hints)}")
    parsed = {key: _parse(hints[key], value, f"{where}.{key}") for key, value in values.items()}
    try:
        return kind(**parsed)
    except TypeError as error:
        raise UserError(f"{where} is incomplete: {error}") from None


def _parse(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return from_dict(hint, value, where)  # type: ignore[arg-type]
    value = _tuples(value)
    if hint is float and type(value) is int:
        return float(value)
    try:
        return typeguard.check_type(value, hint)
    except typeguard.TypeCheckError as error:
        raise UserError(f"{where} has a wrong value: {error}") from None


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def differences(ours: Config, theirs: Config) -> list[str]:
    """One line for each setting in which two configs differ in what they compute.

    A dtype that ours leaves to the machine is none: theirs may be what the machine decided.
    """
    a, b = flat(to_dict(ours)), flat(to_dict(theirs))
    left_open = (*IGNORED_ON_RESUME, "dtype") if ours.dtype == "auto" else IGNORED_ON_RESUME
    names = [name for name in a if name.split(".")[0] not in left_open and a[name] != b[name]]
    return [f"{name}: {b[name]} there, {a[name]} here" for name in names]


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested config as dotted settings."""
    settings: dict[str, Any] = {}
    for key, value in tree.items():
        settings |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return settings
