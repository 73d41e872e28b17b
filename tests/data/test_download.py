"""Downloading and preparing, on loopback; and what happens without a network."""

import gzip
import io
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jaxcnn import data
from jaxcnn.data import builders, download
from jaxcnn.errors import UserError

Serve = Callable[[Path], str]
NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def records(images: np.ndarray, *labels: np.ndarray) -> bytes:
    """Images `[N, 32, 32, 3]` as CIFAR writes them: labels, then the three planes."""
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.concatenate([np.stack(labels, 1).astype(np.uint8), planes], 1).tobytes()


def random(count: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *shape), np.uint8)


def sorted_rows(images: np.ndarray, labels: np.ndarray) -> list[tuple[bytes, int]]:
    return sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))


def archive_of_cifar10(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    images, labels = random(60, 32, 32, 3), np.arange(60) % 10
    files = {f"data_batch_{n + 1}.bin": records(images[n * 10 :][:10], labels[n * 10 :][:10]) for n in range(5)}
    files["test_batch.bin"] = records(images[50:], labels[50:])
    files["batches.meta.txt"] = "\n".join([*NAMES, "", ""]).encode()
    files["readme.html"] = b"<html>"
    tar(folder / "cifar-10-binary.tar.gz", {f"cifar-10-batches-bin/{name}": file for name, file in files.items()})
    return images, labels


def test_cifar10_from_its_binary_archive(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    images, labels = archive_of_cifar10(tmp_path)
    monkeypatch.setattr(builders.Cifar10, "URL", serve(tmp_path) + "cifar-10-binary.tar.gz")
    root = tmp_path / "new" / "data"
    cifar10 = data.load("cifar10", data_dir=str(root))
    assert (root / "cifar10" / "3.0.2" / "dataset_info.json").exists()
    assert '"array_record"' in (root / "cifar10" / "3.0.2" / "dataset_info.json").read_text()
    assert (cifar10.version, cifar10.label_names) == ("3.0.2", tuple(NAMES))
    assert sorted_rows(cifar10.train_images, cifar10.train_labels) == sorted_rows(images[:50], labels[:50])
    assert sorted_rows(cifar10.test_images, cifar10.test_labels) == sorted_rows(images[50:], labels[50:])

    import tensorflow_datasets as tfds

    stock: Any = tfds.builder("cifar10", data_dir=root)  # it accepts the folder
    example = stock.as_data_source("test")[0]
    assert example["id"].startswith(b"test_0000")


def test_cifar100_has_fine_labels(tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    images, fine, coarse = random(100, 32, 32, 3), np.arange(100), np.arange(100) % 20
    files = {
        "train.bin": records(images, coarse, fine),
        "test.bin": records(images[::-1], coarse[::-1], fine[::-1]),
        "coarse_label_names.txt": "\n".join(f"coarse{n}" for n in range(20)).encode(),
        "fine_label_names.txt": "\n".join(f"fine{n}" for n in range(100)).encode(),
    }
    tar(tmp_path / "c.tar.gz", {f"cifar-100-binary/{name}": file for name, file in files.items()})
    monkeypatch.setattr(builders.Cifar100, "URL", serve(tmp_path) + "c.tar.gz")
    cifar100 = data.load("cifar100", data_dir=str(tmp_path / "data"))
    assert cifar100.label_names[99] == "fine99"
    for part in ("train", "test"):
        arrays = getattr(cifar100, f"{part}_images"), getattr(cifar100, f"{part}_labels")
        assert sorted_rows(*arrays) == sorted_rows(images, fine)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
def test_the_mnist_family(tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    images, labels = random(20, 28, 28), np.arange(20) % 10
    for prefix in ("train", "t10k"):
        pixels, classes = bytes(16) + images.tobytes(), bytes(8) + labels.astype(np.uint8).tobytes()
        (tmp_path / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(pixels))
        (tmp_path / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(classes))
    monkeypatch.setattr(builders.BUILDERS[name], "URL", serve(tmp_path))
    loaded = data.load(name, data_dir=str(tmp_path / "data"))
    assert loaded.image_shape == (28, 28, 3)
    assert len(loaded.label_names) == 10
    three = np.repeat(images[..., None], 3, axis=-1)
    assert sorted_rows(loaded.train_images, loaded.train_labels) == sorted_rows(three, labels)


def test_a_bad_checksum_is_one_clear_error(tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorflow_datasets.core.download import checksums

    archive_of_cifar10(tmp_path)
    url = serve(tmp_path) + "cifar-10-binary.tar.gz"
    expected = {url: checksums.UrlInfo(size=1, checksum="00" * 32, filename="cifar-10-binary.tar.gz")}  # pyrefly: ignore
    monkeypatch.setattr(builders.Cifar10, "URL", url)
    monkeypatch.setattr(checksums, "get_all_url_infos", lambda: dict(expected))
    with pytest.raises(UserError, match=r"damaged or not what was expected.*wrong checksum"):
        data.load("cifar10", data_dir=str(tmp_path / "data"))


@pytest.mark.parametrize("content", [b"no archive", gzip.compress(b"nothing", mtime=0), None])
def test_a_damaged_archive_is_one_clear_error(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    path = tmp_path / "cifar.tar.gz"
    if content is None:
        tar(path, {"cifar-10-batches-bin/test_batch.bin": b"123"})
    else:
        path.write_bytes(content)
    monkeypatch.setattr(builders.Cifar10, "URL", serve(tmp_path) + "cifar.tar.gz")
    with pytest.raises(UserError, match="damaged or not what was expected"):
        data.load("cifar10", data_dir=str(tmp_path / "data"))


def test_a_folder_that_cannot_be_written_is_one_clear_error(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive_of_cifar10(tmp_path)
    monkeypatch.setattr(builders.Cifar10, "URL", serve(tmp_path) + "cifar-10-binary.tar.gz")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot be prepared in .*TFDS_DATA_DIR"):
        data.load("cifar10", data_dir=str(tmp_path / "file" / "data"))


def test_a_bad_version_is_one_clear_error(tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    archive_of_cifar10(tmp_path)
    monkeypatch.setattr(builders.Cifar10, "URL", serve(tmp_path) + "cifar-10-binary.tar.gz")
    with pytest.raises(UserError, match=r"cifar10:1\.0\.0.*3\.0\.2"):
        data.load("cifar10:1.0.0", data_dir=str(tmp_path / "data"))


@pytest.mark.usefixtures("no_network")
def test_without_network_a_host_is_asked_once_and_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ask, asked = download._ask, list[str]()
    monkeypatch.setattr(download, "PATIENCE", 300.0)  # however slow the machine is to say that nobody listens
    monkeypatch.setattr(download, "_ask", lambda url: asked.append(url) or ask(url))
    with pytest.raises(data.MissingData, match=r"not prepared in .*toronto\.edu cannot be reached.*TFDS_DATA_DIR"):
        data.load("cifar10", data_dir=str(tmp_path))
    assert len(asked) == 1


def test_a_host_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(download, "PATIENCE", 0.1)
    monkeypatch.setattr(download, "_ask", lambda url: over.wait())
    try:
        assert download.unreachable("http://example.org") == "no answer within 0.1 seconds"
    finally:
        over.set()


def test_a_missing_file(tmp_path: Path, serve: Serve) -> None:
    assert download.unreachable(serve(tmp_path) + "nothing") == "HTTP status 404"


def test_only_tensorflow_can_prepare_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tfds build svhn_cropped --file_format=array_record --data_dir=") as caught:
        data.load("svhn_cropped", data_dir=str(tmp_path))
    assert not isinstance(caught.value, data.MissingData)


@pytest.mark.parametrize(
    ("name", "near"), [("cifar-10", "cifar10"), ("CIFAR10", "cifar10"), ("digit", "digits"), ("../x", None), ("", None)]
)
def test_a_bad_name_is_one_clear_error(tmp_path: Path, name: str, near: Any) -> None:
    with pytest.raises(UserError, match=f"did you mean '{near}'" if near else "unknown data set"):
        data.load(name, data_dir=str(tmp_path))


def test_remote_folders_are_refused() -> None:
    with pytest.raises(UserError, match="local folders"):
        data.load("cifar10", data_dir="gs://bucket/data")
