"""Reading prepared data: what arrives, and what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.data_sets import LABELS, change_info, random_images, write_set
from jaxcnn import data
from jaxcnn.data import builders, prepared
from jaxcnn.data.pictures import Reading
from jaxcnn.errors import UserError


@pytest.mark.parametrize("file_format", ["array_record", "parquet"])
def test_images_and_labels_arrive_unchanged(tmp_path: Path, file_format: str) -> None:
    train, test = random_images(30), random_images(9, seed=1)
    write_set(tmp_path, {"train": train, "test": test}, file_format=file_format)
    loaded = data.load("tiny", data_dir=str(tmp_path))
    np.testing.assert_array_equal(loaded.train_images, np.stack(train))
    np.testing.assert_array_equal(loaded.test_images, np.stack(test))
    np.testing.assert_array_equal(loaded.train_labels, np.arange(30) % 3)
    assert (loaded.name, loaded.version, loaded.label_names) == ("tiny", "1.0.0", tuple(LABELS))
    assert (loaded.num_classes, loaded.image_shape) == (3, (8, 8, 3))
    assert (loaded.train_images.dtype, loaded.train_labels.dtype) == (np.uint8, np.int32)


def test_gray_becomes_three_channels_and_validation_serves_as_test(tmp_path: Path) -> None:
    gray = random_images(6, (5, 7))
    write_set(tmp_path, {"train": gray, "validation": gray})
    loaded = data.load("tiny", data_dir=str(tmp_path))
    np.testing.assert_array_equal(loaded.test_images, np.repeat(np.stack(gray)[..., None], 3, axis=-1))


def test_data_dir_is_that_of_tfds(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tiny))
    assert len(data.load("tiny:1.0.0").train_images) == 30


def test_the_newest_version_is_read(tiny: Path) -> None:
    for version in ("0.9.0", "1.0.0.incompleteABC"):
        (tiny / "tiny" / version).mkdir()
        (tiny / "tiny" / version / "dataset_info.json").write_text("{}")
    assert data.load("tiny", data_dir=str(tiny)).version == "1.0.0"


def test_configurations_are_named(tiny: Path) -> None:
    (tiny / "many").mkdir()
    (tiny / "tiny").rename(tiny / "many" / "small")
    with pytest.raises(UserError, match="name one, such as many/small"):
        data.load("many", data_dir=str(tiny))
    assert data.load("many/small", data_dir=str(tiny)).version == "1.0.0"


def test_classes_are_kept_and_relabeled_in_the_order_given(tiny: Path) -> None:
    whole = data.load("tiny", data_dir=str(tiny))
    two = data.load("tiny", classes=("dog", "bee"), data_dir=str(tiny))
    assert two.label_names == ("dog", "bee")
    assert two.digest != whole.digest
    np.testing.assert_array_equal(two.train_images[two.train_labels == 0], whole.train_images[whole.train_labels == 2])
    np.testing.assert_array_equal(two.test_images[two.test_labels == 1], whole.test_images[whole.test_labels == 0])
    assert (len(two.train_images), len(two.test_images)) == (20, 6)


@pytest.mark.parametrize(("classes", "message"), [(("dgo",), "did you mean 'dog'"), (("dog", "dog"), "named twice")])
def test_bad_classes_are_one_clear_error(tiny: Path, classes: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        data.load("tiny", classes=classes, data_dir=str(tiny))


def test_several_sizes_need_one(tmp_path: Path) -> None:
    images = [*random_images(3), *random_images(3, (9, 8, 3))]
    write_set(tmp_path, {"train": images, "test": images})
    with pytest.raises(UserError, match=r"several sizes \(8x8 and 9x8\).*--data\.image-size"):
        data.load("tiny", data_dir=str(tmp_path))
    eight, six = (data.load("tiny", data_dir=str(tmp_path), reading=Reading(side=side)) for side in (8, 6))
    np.testing.assert_array_equal(eight.train_images[:3], np.stack(images[:3]))
    assert eight.images.shape == (12, 8, 8, 3)
    assert six.images.shape == (12, 6, 6, 3)
    again = data.load("tiny", data_dir=str(tmp_path), reading=Reading(side=6))
    assert again.digest == six.digest != eight.digest


def test_tfrecord_is_refused_with_the_way_out(tiny: Path) -> None:
    change_info(tiny / "tiny" / "1.0.0", fileFormat="tfrecord")
    with pytest.raises(UserError, match="tfds build tiny --file_format=array_record"):
        data.load("tiny", data_dir=str(tiny))


@pytest.mark.parametrize("name", builders.BUILDERS)
def test_of_a_tfrecord_that_can_be_prepared_here_the_message_says_so(tiny: Path, name: str) -> None:
    change_info(tiny / "tiny" / "1.0.0", fileFormat="tfrecord", name=name)
    with pytest.raises(UserError, match=rf"{name} is also prepared here, without TensorFlow"):
        data.load("tiny", data_dir=str(tiny))


def test_the_sets_that_are_prepared_here_are_named() -> None:
    assert {*prepared.HERE} == {*builders.BUILDERS}


def test_what_is_no_classification_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, {"train": random_images(3), "test": random_images(3)}, label=np.int64)
    with pytest.raises(UserError, match=r"not an image-classification data set.*image, label"):
        data.load("tiny", data_dir=str(tmp_path))


def test_of_a_set_without_test_images_a_fifth_of_every_class_is_the_test_and_always_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = random_images(30)
    folder = write_set(tmp_path, {"train": images})
    first, again = prepared.read(folder), prepared.read(folder)
    assert (first.train_size, len(first.test_labels)) == (24, 6)
    assert np.bincount(first.test_labels).tolist() == [2, 2, 2]
    assert first.digest == again.digest
    everything = {image.tobytes() for image in images}
    assert {image.tobytes() for image in first.images} == everything
    assert "tiny has no test images: 6 of its 30" in capsys.readouterr().err


def test_a_set_without_training_images_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, {"test": random_images(3)})
    with pytest.raises(UserError, match="has the splits test: train is required"):
        data.load("tiny", data_dir=str(tmp_path))


@pytest.mark.parametrize("keep", [0, 0.5, 0.999])
def test_truncated_records_are_one_clear_error(tiny: Path, keep: float) -> None:
    (path,) = (tiny / "tiny" / "1.0.0").glob("*train*")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(UserError, match="damaged or incomplete"):
        data.load("tiny", data_dir=str(tiny))


@pytest.mark.parametrize("pattern", ["*test*", "features.json"])
def test_missing_files_are_one_clear_error(tiny: Path, pattern: str) -> None:
    (path,) = (tiny / "tiny" / "1.0.0").glob(pattern)
    path.unlink()
    with pytest.raises(UserError, match="damaged or incomplete"):
        data.load("tiny", data_dir=str(tiny))


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense"])
def test_a_damaged_description_is_one_clear_error(tiny: Path, content: str) -> None:
    (tiny / "tiny" / "1.0.0" / "dataset_info.json").write_text(content)
    with pytest.raises(UserError, match="damaged or incomplete"):
        data.load("tiny", data_dir=str(tiny))


def test_digits() -> None:
    digits = data.load("digits")
    assert digits.train_images.shape == (1437, 32, 32, 3)
    assert digits.test_images.shape == (360, 32, 32, 3)
    assert np.bincount(digits.test_labels).tolist() == [36] * 10
    assert len(set(np.bincount(digits.train_labels))) > 1
    assert (digits.train_images.max(), digits.train_images.min()) == (255, 0)
    assert digits.digest == data.load("digits").digest


def test_the_loading_half_needs_no_jax_and_the_cache_no_tfds(tiny: Path) -> None:
    data.load("tiny", data_dir=str(tiny))
    script = """
import sys
from jaxcnn import data
data.load("tiny", data_dir=sys.argv[1]), data.load("digits")
print(sorted({"jax", "tensorflow_datasets", "sklearn", "requests"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tiny)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.strip() == "[]"


def real_cifar10() -> data.Dataset:
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not any(Path(folder).glob("cifar10/*/dataset_info.json")):
        pytest.skip("no cifar10 in TFDS_DATA_DIR")
    return data.load("cifar10")


@pytest.mark.slow
def test_real_cifar10() -> None:
    cifar10 = real_cifar10()
    assert (cifar10.train_images.shape, cifar10.test_images.shape) == ((50000, 32, 32, 3), (10000, 32, 32, 3))
    assert np.bincount(cifar10.train_labels).tolist() == [5000] * 10
    assert cifar10.label_names[3] == "cat"
    # A prepared copy may be encoded with loss.
    mean, std = data.statistics(cifar10)
    np.testing.assert_allclose(mean, data.CIFAR10_MEAN, atol=0.003)
    np.testing.assert_allclose(std, data.CIFAR10_STD, atol=0.003)
    split = data.split(cifar10, 5000, seed=0)
    assert np.bincount(cifar10.train_labels[split.validation]).tolist() == [500] * 10
    assert len(split.train) == 45000
