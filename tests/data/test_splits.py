"""Splits and orders: complete, balanced, and functions of only the seed."""

import numpy as np
import pytest

from jaxcnn import data
from jaxcnn.config import DataConfig
from jaxcnn.data.for_run import describe
from jaxcnn.data.splits import long_tailed
from jaxcnn.errors import UserError


def labeled(labels: np.ndarray, classes: int) -> data.Dataset:
    images = np.zeros((len(labels), 1, 1, 3), np.uint8)
    names = tuple(str(label) for label in range(classes))
    return data.Dataset("fake", "1.0.0", "", images, labels, len(labels), names)


@pytest.mark.parametrize("validation", [0, 1, 7, 50, 83])
def test_split_is_complete_and_balanced(validation: int) -> None:
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10, dtype=np.int32), [10, 40] * 5))
    split = data.split(labeled(labels, 10), validation, seed=1)
    assert len(split.validation) == validation
    np.testing.assert_array_equal(np.sort(np.concatenate([split.train, split.validation])), np.arange(250))
    counts = np.bincount(labels[split.validation], minlength=10)
    assert counts.max() - counts.min() <= 1
    assert split.train.dtype == split.validation.dtype == np.int32


def test_split_is_a_function_of_the_seed() -> None:
    dataset = labeled(np.arange(100, dtype=np.int32) % 10, 10)
    first, again, other = (data.split(dataset, 20, seed).validation for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


UNEQUAL = np.repeat(np.arange(5, dtype=np.int32), [400, 200, 80, 20, 4])


@pytest.mark.parametrize("validation", [5, 6, 19, 20, 70, 100, 352, 600, 698, 699])
def test_classes_of_unequal_size_are_split_by_share_with_one_of_each_at_least(validation: int) -> None:
    labels = np.random.default_rng(1).permutation(UNEQUAL)
    split = data.split(labeled(labels, 5), validation, seed=1)
    assert len(split.validation) == validation
    np.testing.assert_array_equal(np.sort(np.concatenate([split.train, split.validation])), np.arange(len(labels)))
    sizes, held_out = np.bincount(UNEQUAL), np.bincount(labels[split.validation], minlength=5)
    assert held_out.min() >= 1
    assert np.all(held_out < sizes)
    if 20 <= validation <= 600:  # before and after, the bounds decide
        np.testing.assert_allclose(held_out[:3], sizes[:3] * validation / sizes.sum(), atol=2)
    np.testing.assert_array_equal(data.split(labeled(labels, 5), validation, seed=1).validation, split.validation)


def test_a_class_of_one_image_trains() -> None:
    labels = np.array([0] * 9 + [1], np.int32)
    split = data.split(labeled(labels, 2), 4, seed=0)
    assert 9 in split.train
    with pytest.raises(UserError, match=r"one of each of the 2 classes must stay; expected 0 to 8"):
        data.split(labeled(labels, 2), 9, seed=0)


def test_a_subset_by_share_is_part_of_every_larger_one() -> None:
    dataset = labeled(np.random.default_rng(1).permutation(UNEQUAL), 5)
    before: set[int] = set()
    for train in range(20, 600, 29):
        split = data.split(dataset, 70, seed=3, train=train)
        assert len(split.train) == train
        assert before <= set(split.train)
        before = set(split.train)


@pytest.mark.parametrize("validation", [-1, 91, 100, 1000])
def test_a_bad_split_is_one_clear_error(validation: int) -> None:
    with pytest.raises(UserError, match="expected 0 to 90"):
        data.split(labeled(np.arange(100, dtype=np.int32) % 10, 10), validation, seed=0)


def test_epoch_order() -> None:
    order = data.epoch_order(1000, seed=3, epoch=2)
    assert order.dtype == np.int32
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    np.testing.assert_array_equal(order, data.epoch_order(1000, seed=3, epoch=2))
    for seed, epoch in ((3, 1), (2, 2), (2, 3)):
        assert np.mean(order == data.epoch_order(1000, seed, epoch)) < 0.02
    assert len(data.epoch_order(0, 0, 0)) == 0


def test_epoch_order_stays_what_it_was() -> None:
    # Runs are continued by a later version, and results are compared over machines.
    assert data.epoch_order(8, seed=0, epoch=0).tolist() == [2, 4, 7, 5, 0, 6, 3, 1]


def test_a_bad_seed_is_one_clear_error() -> None:
    with pytest.raises(UserError, match="seed cannot be negative"):
        data.epoch_order(8, seed=-1, epoch=0)


def test_a_subset_is_balanced_free_of_validation_and_part_of_larger_ones() -> None:
    dataset = labeled(np.arange(1000, dtype=np.int32) % 10, 10)
    whole = data.split(dataset, 100, seed=3)
    before: set[int] = set()
    for train in (7, 50, 333, 880):
        split = data.split(dataset, 100, seed=3, train=train)
        np.testing.assert_array_equal(split.validation, whole.validation)
        assert len(split.train) == train
        assert before <= set(split.train) <= set(whole.train)
        counts = np.bincount(dataset.train_labels[split.train], minlength=10)
        assert counts.max() - counts.min() <= 1
        before = set(split.train)
    np.testing.assert_array_equal(data.split(dataset, 100, seed=3, train=900).train, whole.train)
    for train in (-1, 901, 5000):
        with pytest.raises(UserError, match=r"cannot train on .* expected 0 to 890"):
            data.split(dataset, 100, seed=3, train=train)


def test_label_noise_hits_its_share_of_training_labels_and_all_classes_alike() -> None:
    dataset = labeled(np.arange(20000, dtype=np.int32) % 10, 10)
    train = data.split(dataset, 5000, seed=0).train
    noisy = data.with_label_noise(dataset, train, 0.4, seed=0)
    changed = np.flatnonzero(noisy.train_labels != dataset.train_labels)
    assert len(changed) == 6000
    assert set(changed) <= set(train)
    offsets = (noisy.train_labels - dataset.train_labels)[changed] % 10
    counts = np.bincount(offsets, minlength=10)[1:]
    assert abs(counts - 6000 / 9).max() < 5 * np.sqrt(6000 / 9)
    again, other = (data.with_label_noise(dataset, train, 0.4, seed).train_labels for seed in (0, 1))
    np.testing.assert_array_equal(noisy.train_labels, again)
    assert np.any(again != other)
    np.testing.assert_array_equal(data.with_label_noise(dataset, train, 0.0, 0).train_labels, dataset.train_labels)
    with pytest.raises(UserError, match=r"fraction in 0 \.\.\. 1"):
        data.with_label_noise(dataset, train, 1.5, seed=0)


def test_a_long_tail_has_the_published_profile() -> None:
    """CIFAR-10-LT of imbalance 100, from 5,000 images a class (Cui et al. 2019)."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 5000))
    kept = np.bincount(labels[long_tailed(labels, 100, seed=0)])
    assert kept.tolist() == [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]


def test_a_longer_tail_is_part_of_a_shorter_one_and_a_function_of_the_seed() -> None:
    labels = np.arange(300) % 3
    short, long, again, other = (long_tailed(labels, *key) for key in ((4, 0), (20, 0), (20, 0), (20, 1)))
    assert set(long) < set(short)
    np.testing.assert_array_equal(long, again)
    assert set(long) != set(other)
    assert (np.diff(long) > 0).all()


def test_only_training_images_have_a_tail() -> None:
    plain, tailed = (
        describe(labeled(np.arange(300, dtype=np.int32) % 3, 3), DataConfig(validation=60, imbalance=imbalance))
        for imbalance in (1.0, 16.0)
    )
    np.testing.assert_array_equal(plain.split.validation, tailed.split.validation)
    assert plain.class_counts == (80, 80, 80)
    assert tailed.class_counts == (80, 20, 5)
    assert tailed.info.train == 105
