"""Decoded data sets on disk: one folder per prepared copy, one memory-mapped `.npy` file per array."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jaxcnn.data.dataset import ARRAYS, Dataset, arrays, digest
from jaxcnn.paths import cache_folder

FORMAT = 2  # raise it when decoding changes: older entries are then ignored
SAMPLE = 1 << 16  # bytes at the start of a data file that enter the fingerprint


def entry(folder: Path) -> Path:
    """The folder that caches the prepared data in `folder` (`<name>/<version>`); it need not exist."""
    return cache_folder() / f"{folder.parent.name}-{folder.name}-{_fingerprint(folder)}"


def read(entry: Path) -> Dataset | None:
    """The cached data set, or None if there is none or it is damaged."""
    try:
        about = json.loads((entry / "about.json").read_text())
        stored = {field: np.asarray(np.load(entry / f"{field}.npy", mmap_mode="r")) for field in ARRAYS}
        dataset = Dataset(
            about["name"],
            about["version"],
            about["digest"],
            **stored,
            train_size=about["train_size"],
            label_names=tuple(about["labels"]),
        )
        return dataset if digest(dataset) == dataset.digest else None
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def notes(entry: Path) -> list[str]:
    """What was said of the data when they were decoded."""
    try:
        return list(map(str, json.loads((entry / "about.json").read_text()).get("notes", [])))
    except (OSError, ValueError, AttributeError, TypeError):
        return []


def write(entry: Path, dataset: Dataset, notes: Sequence[str] = ()) -> None:
    """Stores `dataset` under a temporary name, then renames it; reports on stderr if that fails."""
    unfinished = entry.with_name(f".{entry.name}.{os.getpid()}")
    try:
        unfinished.mkdir(parents=True, exist_ok=True)
        for field, array in arrays(dataset).items():
            np.save(unfinished / f"{field}.npy", array)
        about = {field: getattr(dataset, field) for field in ("name", "version", "digest", "train_size")}
        (unfinished / "about.json").write_text(
            json.dumps(about | {"labels": dataset.label_names, "notes": list(notes)})
        )
        shutil.rmtree(entry, ignore_errors=True)  # what was there could not be read
        unfinished.rename(entry)
    except OSError as error:
        if not entry.exists():  # another process may have been faster
            print(f"jaxcnn: {dataset.name} is not cached; the next start decodes it again: {error}", file=sys.stderr)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _fingerprint(folder: Path) -> str:
    """Distinguishes two copies of one version: path, names, sizes, times and the start of each file."""
    content = hashlib.sha256(f"{FORMAT} {folder.resolve()}".encode())
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            continue
        stat = path.stat()
        content.update(f"\n{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        with path.open("rb") as file:
            content.update(file.read(SAMPLE))
    return content.hexdigest()[:16]
