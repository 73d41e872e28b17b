"""A run is a folder: config, data, metrics, checkpoints, summary."""

import fcntl
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from PIL import Image

from jaxcnn.config import Config, folder_of
from jaxcnn.config_json import differences, from_dict, to_dict
from jaxcnn.console.terminal import say
from jaxcnn.data.info import DataInfo
from jaxcnn.errors import UserError, option
from jaxcnn.json_files import REWRITTEN, read_json, write_json
from jaxcnn.paths import atomic_write
from jaxcnn.runs.contents import require_kinds, require_no_backslash, require_unused, train_longer


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
        except BlockingIOError:
            lock.close()
            raise UserError(f"{self.path} is in use by another process; choose another with --folder") from None
        except OSError as error:  # some network filesystems have no locks
            say(
                f"WARNING: {self.path} cannot be locked ({error.strerror}): make sure that no other process trains "
                "in this folder."
            )
        if not (self.path / "config.json").exists():
            write_json(self.path / "config.json", to_dict(self._config))
        return lock

    def require_present(self) -> None:
        """Raises: UserError if the folder was deleted or replaced since it was opened."""
        lock = self.path / ".lock"
        if self._lock and not (lock.exists() and os.path.samestat(lock.stat(), os.fstat(self._lock.fileno()))):
            raise UserError(
                f"{self.path} was deleted or moved while the run was training, so that nothing can be saved: "
                "put it back, or remove what is left of it and run the same command again to start over"
            )

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
        before, now = asdict(read_data(self.path)), asdict(info)
        changed = [f"{name}: {before[name]} there, {now[name]} here" for name in now if before[name] != now[name]]
        if changed:
            raise UserError(
                f"the run in {self.path} was started on {before['name']} ({before['digest']}), and the data now are "
                f"{info.name} ({info.digest}), by {path}:\n  " + "\n  ".join(changed) + "\n"
                "Set TFDS_DATA_DIR to the same data, or choose another --folder. If the data are the same, that file "
                f"is damaged: {REWRITTEN}."
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

    def write_or_check_teacher(self, report: Mapping[str, str]) -> None:
        """Writes teacher.json: where the teacher is from, and a digest of its weights.

        Raises: UserError if the run was begun with other weights of the teacher.
        """
        path = self.path / "teacher.json"
        if report and not path.exists():
            self._write("teacher.json", report)
        elif report and read_json(path)["digest"] != report["digest"]:
            raise UserError(
                f"{report['from']} has other weights than when the run in {self.path} was begun ({path}): restore "
                "them, name the checkpoint (FOLDER@STEP), or choose another --folder"
            )

    def write_environment(self, devices: str) -> None:
        """Writes environment.json: command, versions, machine."""
        packages = ("jaxcnn", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy")
        environment = {
            "command": shlex.join([Path(sys.executable).name, *sys.orig_argv[1:]]),
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
        require_no_backslash(self.path)
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise UserError(f"{self.path} is a file; choose another folder with --folder")
        require_kinds(self.path)
        if not (self.path / "config.json").exists():
            require_unused(self.path)
            return
        changed = differences(config, read_config(self.path))
        if changed:
            raise UserError(
                f"{self.path} holds a run with another config:\n  " + "\n  ".join(changed) + "\n"
                f"Choose another folder ({option('--folder', f'{self.path}-2')}), or remove this one to start over."
                + train_longer(self.path, changed)
            )


def finished(config: Config, fields: Sequence[str] = ()) -> dict[str, Any] | None:
    """The summary of the run in the config's folder, if it is finished and has this config.

    Raises: UserError if it cannot be read, or does not have all `fields`, and its metric, where any are asked for.
    """
    path = folder_of(config)
    if not (path / "summary.json").exists() or differences(config, read_config(path)):
        return None
    summary = read_summary(path)
    needed = [*fields, f"test_{summary.get('metric')}"] if fields else []
    if missing := [name for name in needed if not isinstance(summary.get(name), int | float | str)]:
        raise UserError(f"{path / 'summary.json'} is damaged: it has no {missing[0]}; {REWRITTEN}")
    return summary


def read_summary(path: Path) -> dict[str, Any]:
    """The summary of the run in the folder `path`; empty if it is not finished."""
    file = path / "summary.json"
    return read_json(file) if file.exists() else {}


def read_data(path: Path) -> DataInfo:
    """What the run in the folder `path` remembers of its data.

    Raises: UserError if it cannot be read.
    """
    try:
        return from_dict(DataInfo, read_json(path / "data.json"), "data.json")
    except UserError as error:
        raise UserError(f"{error}\n{path / 'data.json'} is damaged: {REWRITTEN}") from None


def read_config(path: Path) -> Config:
    """The config of the run in the folder `path`.

    Raises: UserError if it cannot be read, or was written by a version of jaxcnn with other settings.
    """
    values = read_json(path / "config.json", "restore it from a copy, or train again in another --folder")
    try:
        return from_dict(Config, values, "config.json")
    except UserError as error:
        raise UserError(f"{error}\n{_why_unknown(path)}") from None


def _why_unknown(path: Path) -> str:
    theirs, ours = _writer(path), version("jaxcnn")
    if theirs == ours:
        return (
            f"{path / 'config.json'} was written by this version of jaxcnn ({ours}) and is damaged or was edited: "
            "restore it from a copy, or train again in another --folder."
        )
    return (
        f"{path} was written by jaxcnn {theirs}, and this is {ours}, whose settings have other names (see "
        "CHANGELOG.md): use that version to read it, or train the run again."
    )


def _writer(path: Path) -> str:
    """The version of jaxcnn that wrote a run, if its folder says so."""
    try:
        return str(read_json(path / "environment.json")["packages"]["jaxcnn"])
    except (UserError, KeyError, TypeError):
        return "unknown"
