"""The cache: faster, never wrong, never in the way."""

import os
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from helpers.data_sets import random_images, write_set
from jaxcnn import data
from jaxcnn.data import prepared


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were decoded, in order."""
    folders: list[Path] = []
    read = prepared.read

    def counted(folder: Path, *reading: Any) -> data.Dataset:
        folders.append(folder)
        return read(folder, *reading)

    monkeypatch.setattr(prepared, "read", counted)
    return folders


def entries(cache: Path) -> list[Path]:
    return sorted(cache.iterdir()) if cache.exists() else []


def test_decoded_once(tiny: Path, cache: Path, decodings: list[Path]) -> None:
    first, second = (data.load("tiny", data_dir=str(tiny)) for _ in range(2))
    assert len(decodings) == len(entries(cache)) == 1
    assert first.digest == second.digest
    for field in ("train_images", "train_labels", "test_images", "test_labels"):
        one, other = getattr(first, field), getattr(second, field)
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
        assert type(other) is np.ndarray
        assert not one.flags.writeable
        assert not other.flags.writeable


def test_a_cpu_reads_the_mapped_file_itself(tiny: Path) -> None:
    data.load("tiny", data_dir=str(tiny))
    cached = data.load("tiny", data_dir=str(tiny)).images
    assert jax.device_put(cached, jax.devices("cpu")[0]).unsafe_buffer_pointer() == cached.ctypes.data


def test_two_copies_of_one_version_do_not_share_an_entry(tmp_path: Path, cache: Path) -> None:
    copies = []
    for seed in (0, 1):
        images = random_images(6, seed=seed)
        folder = write_set(tmp_path / str(seed), {"train": images, "test": images})
        for file in folder.iterdir():  # the times must not be the only difference
            os.utime(file, (1, 1))
        copies.append(data.load("tiny", data_dir=str(tmp_path / str(seed))))
        np.testing.assert_array_equal(copies[-1].train_images, np.stack(images))
    assert copies[0].digest != copies[1].digest
    assert len(entries(cache)) == 2


def test_prepared_anew_is_decoded_anew(tiny: Path, decodings: list[Path]) -> None:
    data.load("tiny", data_dir=str(tiny))
    (path,) = (tiny / "tiny" / "1.0.0").glob("*train*")
    os.utime(path, (1, 1))
    data.load("tiny", data_dir=str(tiny))
    assert len(decodings) == 2


@pytest.mark.parametrize("damage", ["truncate", "flip", "delete", "empty"])
def test_damaged_entry_is_rebuilt(tiny: Path, cache: Path, decodings: list[Path], damage: str) -> None:
    first = data.load("tiny", data_dir=str(tiny))
    path = entries(cache)[0] / "images.npy"
    content = path.read_bytes()
    path.unlink()
    damaged = {"truncate": content[:-9], "flip": content[:-1] + bytes([content[-1] ^ 1]), "empty": b""}
    if damage in damaged:
        path.write_bytes(damaged[damage])
    for _ in range(2):
        assert data.load("tiny", data_dir=str(tiny)).digest == first.digest
    assert len(decodings) == 2


@pytest.mark.parametrize("about", ["", "[]", "{}", '{"name": 1}'])
def test_damaged_description_is_rebuilt(tiny: Path, cache: Path, decodings: list[Path], about: str) -> None:
    data.load("tiny", data_dir=str(tiny))
    (entries(cache)[0] / "about.json").write_text(about)
    data.load("tiny", data_dir=str(tiny))
    assert len(decodings) == 2


def test_without_a_cache(tiny: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache.write_text("a file where the folder should be")
    assert len(data.load("tiny", data_dir=str(tiny)).train_images) == 30
    warning = capsys.readouterr().err.strip().splitlines()
    assert len(warning) == 1
    assert "tiny is not cached" in warning[0]
