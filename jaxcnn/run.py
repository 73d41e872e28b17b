"""A run is a folder: config, data, metrics, checkpoints, summary."""

import fcntl
import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from jaxcnn import data
from jaxcnn.config import Config, differences, folder_of, from_dict, to_dict
from jaxcnn.errors import UserError


@dataclass(frozen=True)
class DataInfo:
    """What a run remembers of its data: enough to recognise it, and to predict without it."""

    name: str
    version: str
    digest: str
    image_shape: tuple[int, ...]
    label_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train: int
    validation: int
    test: int
    fallback: bool
    """True where the data set that the config names could not be had."""


class RunFolder:
    """A run on disk, opened for training: new, or unfinished and of the same config.

    Raises: UserError if the folder holds another config, something else than a run, or is in use.
    """

    def __init__(self, config: Config) -> None:
        self.path = folder_of(config)
        self._check(config)
        try:
            (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / ".lock").open("w")
        except OSError as error:
            raise UserError(f"cannot write to {self.path}: {error.strerror}; choose another with --folder") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise UserError(f"{self.path} is in use by another process; choose another with --folder") from None
        if not (self.path / "config.json").exists():
            write_json(self.path / "config.json", to_dict(config))

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def keep_data(self, info: DataInfo) -> None:
        """Writes down the data a new run uses; a resumed run must have the same.

        Raises: UserError if it has not.
        """
        path = self.path / "data.json"
        if not path.exists():
            write_json(path, asdict(info))
            return
        before = from_dict(DataInfo, read_json(path), "data.json")
        if before != info:
            raise UserError(
                f"the run in {self.path} was begun on {before.name} ({before.digest}), and this is {info.name} "
                f"({info.digest}): set TFDS_DATA_DIR to the same data, or choose another folder with --folder"
            )

    def keep_origin(self, account: Mapping[str, Any]) -> None:
        """Writes down what a new run took from where.

        Raises: UserError if it was begun from something else, and stopped before its first checkpoint.
        """
        path = self.path / "init.json"
        if account and path.exists() and read_json(path) != account:
            raise UserError(f"the run in {self.path} was begun from other weights ({path}); choose another --folder")
        if account and not path.exists():
            write_json(path, account)

    def keep_environment(self, devices: str) -> None:
        """Writes down what computed the run: command, versions, machine."""
        packages = ("jaxcnn", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")
        environment = {
            "command": " ".join([Path(sys.executable).name, *sys.orig_argv[1:]]),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in packages},
            "machine": platform.machine(),
            "devices": devices,
        }
        write_json(self.path / "environment.json", environment)

    def finish(self, summary: Mapping[str, Any]) -> None:
        write_json(self.path / "summary.json", summary)

    def _check(self, config: Config) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise UserError(f"{self.path} is a file; choose another folder with --folder")
        if not (self.path / "config.json").exists():
            stray = [p.name for p in self.path.iterdir() if p.name not in (".lock", "checkpoints")]
            if stray:
                raise UserError(f"{self.path} holds {stray[0]!r} and no run; choose another folder with --folder")
            return
        changed = differences(config, read_config(self.path))
        if changed:
            raise UserError(
                f"{self.path} holds a run of another config:\n  " + "\n  ".join(changed) + "\n"
                f"Choose another folder (--folder {self.path}-2), or remove that one to run anew."
            )


def finished(config: Config) -> dict[str, Any] | None:
    """The summary of the run in the config's folder, if it is finished and of this config."""
    path = folder_of(config)
    if not (path / "summary.json").exists() or differences(config, read_config(path)):
        return None
    return read_json(path / "summary.json")


def read_config(path: Path) -> Config:
    return from_dict(Config, read_json(path / "config.json"), "config.json")


def read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}; is its folder a run of jaxcnn?") from None


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Whole or not at all: written beside, then renamed.

    Raises: UserError if the folder cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(values, indent=2) + "\n")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def normalizer(config: Config, info: DataInfo) -> Any:
    """uint8 images -> the numbers the model sees."""
    return partial(
        data.normalize, name=config.data.normalization, mean=info.mean, std=info.std, dtype=jnp.dtype(config.dtype)
    )
