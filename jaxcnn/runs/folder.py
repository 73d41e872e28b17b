"""A run is a folder: config, data, metrics, checkpoints, summary."""

import fcntl
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import jax
import jax.numpy as jnp

from jaxcnn import data
from jaxcnn.config import Config, differences, folder_of, from_dict, to_dict
from jaxcnn.errors import UserError


@dataclass(frozen=True)
class DataInfo:
    """What a run remembers of its data: enough to recognize it, and to predict without it."""

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
    """A run on disk, opened for training: new, or unfinished and of the same config; of several processes one `writes`.

    Raises: UserError if the folder holds another config, something else than a run, or is in use.
    """

    def __init__(self, config: Config, writes: bool = True) -> None:
        self.path, self._config, self._writes = folder_of(config), config, writes
        self._lock = self._take() if writes else None

    def check_visible(self) -> None:
        """For a process that does not write, once the folder is there.

        Raises: UserError if the process sees no run there, or one of another config than its own.
        """
        if not (self.path / "config.json").exists():
            raise UserError(f"this process sees no run in {self.path}: --folder must be on a disk that all share")
        self._check(self._config)

    def _take(self) -> TextIO:
        self._check(self._config)
        try:
            (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
            lock = (self.path / ".lock").open("w")
        except OSError as error:
            raise UserError(f"cannot write to {self.path}: {error.strerror}; choose another with --folder") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise UserError(f"{self.path} is in use by another process; choose another with --folder") from None
        if not (self.path / "config.json").exists():
            write_json(self.path / "config.json", to_dict(self._config))
        return lock

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self._lock.close()

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def write_or_check_data(self, info: DataInfo) -> None:
        """Writes down the data a new run uses; a resumed run must have the same.

        Raises: UserError if it has not.
        """
        path = self.path / "data.json"
        if not path.exists():
            self._write("data.json", asdict(info))
            return
        before = from_dict(DataInfo, read_json(path), "data.json")
        if before != info:
            raise UserError(
                f"the run in {self.path} was begun on {before.name} ({before.digest}), and this is {info.name} "
                f"({info.digest}): set TFDS_DATA_DIR to the same data, or choose another folder with --folder"
            )

    def write_or_check_init(self, account: Mapping[str, Any]) -> None:
        """Writes down what a new run took from where.

        Raises: UserError if it was begun from something else, and stopped before its first checkpoint.
        """
        path = self.path / "init.json"
        if account and path.exists() and read_json(path) != account:
            raise UserError(f"the run in {self.path} was begun from other weights ({path}); choose another --folder")
        if account and not path.exists():
            write_json(path, account)

    def write_environment(self, devices: str) -> None:
        """Writes down what computed the run: command, versions, machine."""
        packages = ("jaxcnn", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")
        environment = {
            "command": " ".join([Path(sys.executable).name, *sys.orig_argv[1:]]),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in packages},
            "machine": platform.machine(),
            "devices": devices,
        }
        self._write("environment.json", environment)

    def finish(self, summary: Mapping[str, Any]) -> None:
        self._write("summary.json", summary)

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        if self._writes:
            write_json(self.path / name, values)

    def _check(self, config: Config) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise UserError(f"{self.path} is a file; choose another folder with --folder")
        if not (self.path / "config.json").exists():
            # The first process to come makes both of these; checkpoints without a config are of a run that was moved.
            stray = [p.name for p in self.path.iterdir() if p.name not in (".lock", "checkpoints")]
            stray += [p.name for p in self.checkpoints.glob("*")]
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
    """The config of the run in the folder `path`.

    Raises: UserError if it cannot be read, or was written by another version of jaxcnn that has other settings.
    """
    try:
        return from_dict(Config, read_json(path / "config.json"), "config.json")
    except UserError as error:
        writer = path / "environment.json"
        theirs = read_json(writer)["packages"]["jaxcnn"] if writer.exists() else "unknown"
        raise UserError(
            f"{error}\n{path} was written by jaxcnn {theirs}, and this is {version('jaxcnn')}: "
            "read it with the version that wrote it."
        ) from None


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


def normalizer(config: Config, info: DataInfo) -> Callable[[jax.Array], jax.Array]:
    """uint8 images [B, H, W, C] -> the numbers the model sees, [B, *input_shape]."""

    def normalized(images: jax.Array) -> jax.Array:
        numbers = data.normalize(images, config.data.normalization, info.mean, info.std, jnp.dtype(config.dtype))
        shape = input_shape(config, info)
        return numbers if shape == info.image_shape else jax.image.resize(numbers, (len(images), *shape), "bilinear")

    return normalized


def input_shape(config: Config, info: DataInfo) -> tuple[int, ...]:
    """Height, width and channels of what the model sees."""
    side = config.data.upscale
    return (side, side, info.image_shape[-1]) if side else info.image_shape
