"""Which example is in which split, and the order of an epoch: pure functions of the seed.

The order comes from sorting the raw output of PCG64, whose stream NumPy promises to keep, unlike that of
`Generator.permutation`, so that a seed gives the same order in every version.
"""

from dataclasses import dataclass, replace

import numpy as np

from jaxcnn.data.dataset import Dataset
from jaxcnn.errors import UserError

# Each use of a seed has a stream of its own.
EPOCH, SPLIT, SUBSET, NOISE, TAIL = 1, 2, 3, 4, 5


@dataclass(frozen=True, eq=False)
class Split:
    """Indices into `Dataset.train_images`, ascending int32 `[N]`; together all of them unless training takes fewer."""

    train: np.ndarray
    validation: np.ndarray


def split(dataset: Dataset, validation: int, seed: int, train: int = 0) -> Split:
    """Holds out `validation` of the training images, chosen by `seed`.

    As many of each class up to one image; where a class has too few for that, in proportion to the classes. The others
    train, or `train` of them, chosen in the same way.

    Raises UserError if a number is negative, or if a class would have no training image left.
    """
    labels = dataset.train_labels
    if dataset.several_labels:  # there is no one class to balance
        labels = np.zeros(len(labels), np.int32)
    held_out = balanced(labels, validation, seed)
    rest = np.setdiff1d(np.arange(len(labels), dtype=np.int32), held_out)
    if train in (0, len(rest)):
        return Split(rest, held_out)
    return Split(rest[balanced(labels[rest], train, seed, SUBSET, "train on")], held_out)


def long_tailed(labels: np.ndarray, imbalance: float, seed: int) -> np.ndarray:
    """Ascending int32 indices of a long-tailed subset of examples with `labels` [N].

    Of K classes, the k-th (from 0) keeps the fraction imbalance^(-k / (K - 1)) of its examples, at least one of them;
    which, the seed decides, and a smaller subset is part of every larger one.
    Source: Cui et al. 2019, arXiv:1901.05555, section 5.1 (long-tailed CIFAR).
    """
    classes, sizes = np.unique(labels, return_counts=True)
    fractions = imbalance ** (-np.arange(len(classes)) / max(len(classes) - 1, 1))
    quotas = np.maximum(1, np.floor(sizes * fractions + 1e-9)).astype(int)
    order = _permutation(len(labels), TAIL, seed)
    chosen = [order[labels[order] == label][:quota] for label, quota in zip(classes, quotas, strict=True)]
    return np.sort(np.concatenate([np.empty(0, np.int32), *chosen])).astype(np.int32)


def with_label_noise(dataset: Dataset, train: np.ndarray, fraction: float, seed: int) -> Dataset:
    """The data set with a `fraction` of the labels at `train` replaced by a random other class.

    The digest stays that of the original data. Raises UserError unless `fraction` is in 0 ... 1.
    Source: symmetric noise, as in Zhang et al. 2017, arXiv:1611.03530, section 2.2 (who draw from all classes).
    """
    if not 0 <= fraction <= 1:
        raise UserError(f"data.label_noise is a fraction in 0 ... 1, not {fraction}")
    chosen = train[_permutation(len(train), NOISE, seed)[: round(fraction * len(train))]]
    if not len(chosen):
        return dataset
    if dataset.several_labels:
        raise UserError("data.label_noise is for pictures of one class each, and these have several labels")
    offsets = 1 + _random(len(chosen), NOISE, seed, 1) % np.uint64(dataset.num_classes - 1)
    labels = dataset.labels.copy()
    labels[chosen] = (labels[chosen] + offsets.astype(np.int32)) % dataset.num_classes
    return replace(dataset, labels=labels)


def epoch_order(n: int, seed: int, epoch: int) -> np.ndarray:
    """The order in which an epoch sees `n` examples: a permutation `[n]` int32, a function of only `(seed, epoch)`."""
    return _permutation(n, EPOCH, seed, epoch)


def balanced(labels: np.ndarray, count: int, seed: int, stream: int = SPLIT, purpose: str = "hold out") -> np.ndarray:
    """Ascending int32 indices of `count` examples, class-balanced up to one example; by share where that cannot be.

    Every class keeps an example.
    Raises UserError, naming the `purpose`, if `count` is negative or too large for that.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    most = len(labels) - len(classes)
    if count and not 0 <= count <= most:
        raise UserError(
            f"cannot {purpose} {count:,} of {len(labels):,} images: one of each of the {len(classes)} classes must "
            f"stay; expected 0 to {most:,}"
        )
    each, over = divmod(count, max(len(classes), 1))
    quotas = np.full(len(classes), each)
    quotas[_permutation(len(classes), stream, seed)[:over]] += 1
    if np.any(quotas >= sizes):
        quotas = _by_share(sizes, count)
    order = _permutation(len(labels), stream, seed, 1)
    chosen = [order[labels[order] == label][:quota] for label, quota in zip(classes, quotas, strict=True)]
    return np.sort(np.concatenate([np.empty(0, np.int32), *chosen])).astype(np.int32)


def _by_share(sizes: np.ndarray, count: int) -> np.ndarray:
    """`count` in parts that are proportional to `sizes`, first one of each; one less than a size is the most.

    A part never shrinks as `count` grows (Webster's method), so that a smaller subset is part of every larger one.
    """
    quotas = np.zeros(len(sizes), np.int64)
    for _ in range(count):
        first = (quotas == 0) * sizes.sum()
        priority = np.where(quotas < sizes - 1, first + sizes / (2 * quotas + 1), -1)
        quotas[priority.argmax()] += 1
    return quotas


def _permutation(n: int, *key: int) -> np.ndarray:
    return np.argsort(_random(n, *key), kind="stable").astype(np.int32)


def _random(n: int, *key: int) -> np.ndarray:
    """`[n]` uint64."""
    if min(key) < 0:
        raise UserError(f"a seed cannot be negative: {min(key)}")
    return np.random.PCG64(np.random.SeedSequence(key)).random_raw(n)
