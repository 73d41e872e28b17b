"""Configs as plain JSON values: read, written, changed and compared."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints

import typeguard

from jaxcnn.config import Config
from jaxcnn.errors import UserError, did_you_mean
from jaxcnn.paths import full_path

T = TypeVar("T")

IGNORED_ON_RESUME = ("folder", "devices", "tensorboard", "resume", "distributed", "keep", "log_every", "watch")
"""Settings that do not change what is computed: a run may be resumed with others."""

IGNORED_OF_DATA = ("data.workers", "data.stream")
"""The same of single settings of a group; whether data are streamed is checked with the data themselves."""

SELECTING = ("evaluate_every", "checkpoint_every")
"""Settings that decide between which checkpoints the best is chosen, and nothing else."""

PATHS = ("init.source", "loss.teacher")
"""Settings that are paths, which can be written in several ways."""


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
        *groups, setting = name.split(".")
        group = tree
        for part in groups:
            group = group[part]
        group[setting] = value
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

    A dtype that ours leaves to the machine is none: theirs may be what the machine decided. Nor is another spelling of
    one path, nor how often to evaluate and save where the last checkpoint is chosen.
    """
    a, b = flat(to_dict(ours)), flat(to_dict(theirs))
    ignored = {*IGNORED_ON_RESUME}
    ignored |= {"dtype"} if ours.dtype == "auto" else set()
    ignored |= {*SELECTING} if ours.select == theirs.select == "last" else set()
    names = [name for name in a if name.split(".")[0] not in ignored and a[name] != b[name]]
    names = [name for name in names if name not in IGNORED_OF_DATA]
    different = [name for name in names if name not in PATHS or full_path(a[name]) != full_path(b[name])]
    return [f"{name}: {b[name]} there, {a[name]} here" for name in different]


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested config as dotted settings."""
    settings: dict[str, Any] = {}
    for key, value in tree.items():
        settings |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return settings
