"""A run is a folder: config, data, metrics, checkpoints, summary."""

import fcntl
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from PIL import Image

from jaxcnn.config import Config, folder_of
from jaxcnn.config_json import differences, from_dict, to_dict
from jaxcnn.data.info import DataInfo
from jaxcnn.errors import UserError
from jaxcnn.paths import atomic_write


class RunFolder:
    """A run's folder, opened for training: new, or unfinished and with the same config. One process of a run `writes`.

    Raises: UserError if the folder holds a run with another config, is not a run, or is in use.
    """

    def __init__(self, config: Config, writes: bool = True) -> None:
        self.path, self._config, self._writes = folder_of(config), config, writes
        self._lock = self._take() if writes else None

    def check_visible(self) -> None:
        """For the processes that do not write, once the folder has been created.

        Raises: UserError if this process does not see the run, or sees another config.
        """
        if not (self.path / "config.json").exists():
            raise UserError(
                f"this process does not see the run in {self.path}: --folder must be on a filesystem shared by all "
                "processes"
            )
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
        """Writes data.json in a new run; checks it in a resumed one.

        Raises: UserError if the data are not the same.
        """
        path = self.path / "data.json"
        if not path.exists():
            self._write("data.json", asdict(info))
            return
        before = from_dict(DataInfo, read_json(path), "data.json")
        if before != info:
            raise UserError(
                f"the run in {self.path} was started on {before.name} ({before.digest}), but the data now are "
                f"{info.name} ({info.digest}): set TFDS_DATA_DIR to the same data, or choose another --folder"
            )

    def write_or_check_init(self, report: Mapping[str, Any]) -> None:
        """Writes init.json, the report of the weights that a new run started from.

        Raises: UserError if the run was started from other weights, and stopped before its first checkpoint.
        """
        path = self.path / "init.json"
        if report and path.exists() and read_json(path) != report:
            raise UserError(f"the run in {self.path} was started from other weights ({path}); choose another --folder")
        if report and not path.exists():
            write_json(path, report)

    def write_environment(self, devices: str) -> None:
        """Writes environment.json: command, versions, machine."""
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

    def write_picture(self, name: str, picture: np.ndarray) -> None:
        """[H, W, 3] uint8 -> a PNG file."""
        if self._writes:
            with atomic_write(self.path / name) as file:
                Image.fromarray(picture).save(file, format="png")

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        if self._writes:
            write_json(self.path / name, values)

    def _check(self, config: Config) -> None:
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise UserError(f"{self.path} is a file; choose another folder with --folder")
        if not (self.path / "config.json").exists():
            # These two are created first; checkpoints without a config belong to a run that was moved.
            stray = [p.name for p in self.path.iterdir() if p.name not in (".lock", "checkpoints")]
            stray += [p.name for p in self.checkpoints.glob("*")]
            if stray:
                raise UserError(
                    f"{self.path} is not empty and is not a jaxcnn run (found {stray[0]!r}); choose another --folder"
                )
            return
        changed = differences(config, read_config(self.path))
        if changed:
            raise UserError(
                f"{self.path} holds a run with another config:\n  " + "\n  ".join(changed) + "\n"
                f"Choose another folder (--folder {self.path}-2), or remove this one to start over."
            )


def finished(config: Config) -> dict[str, Any] | None:
    """The summary of the run in the config's folder, if it is finished and has this config."""
    path = folder_of(config)
    if not (path / "summary.json").exists() or differences(config, read_config(path)):
        return None
    return read_json(path / "summary.json")


def read_config(path: Path) -> Config:
    """The config of the run in the folder `path`.

    Raises: UserError if it cannot be read, or was written by a version of jaxcnn with other settings.
    """
    try:
        return from_dict(Config, read_json(path / "config.json"), "config.json")
    except UserError as error:
        writer = path / "environment.json"
        theirs = read_json(writer)["packages"]["jaxcnn"] if writer.exists() else "unknown"
        raise UserError(
            f"{error}\n{path} was written by jaxcnn {theirs}, and this is {version('jaxcnn')}, whose settings have "
            "other names (see CHANGELOG.md): use that version to read it, or train the run again."
        ) from None


def read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}; is its folder a run of jaxcnn?") from None


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Writes a file atomically.

    Raises: UserError if the folder cannot be written.
    """
    try:
        with atomic_write(path) as file:
            file.write_text(json.dumps(values, indent=2) + "\n")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
