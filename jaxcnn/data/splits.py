"""Who is in which split, and in what order an epoch sees them: pure functions of the seed.

The order comes from sorting the raw output of PCG64, whose stream NumPy promises to keep, unlike that of
`Generator.permutation`; so a seed means the same in every version.
"""

from dataclasses import dataclass

import numpy as np

from jaxcnn.data.dataset import Dataset
from jaxcnn.errors import UserError

# Each use of a seed has a stream of its own.
EPOCH, SPLIT = 1, 2


@dataclass(frozen=True, eq=False)
class Split:
    """Indices into `Dataset.train_images`, ascending int32 `[N]`; together they are all of them."""

    train: np.ndarray
    validation: np.ndarray


def split(dataset: Dataset, validation: int, seed: int) -> Split:
    """Takes `validation` of the train images, the same number of each class up to one, chosen by `seed`.

    Raises UserError if `validation` is negative, or if a class would have no train image left.
    """
    held_out = balanced(dataset.train_labels, validation, seed)
    return Split(np.setdiff1d(np.arange(len(dataset.train_labels), dtype=np.int32), held_out), held_out)


def epoch_order(n: int, seed: int, epoch: int) -> np.ndarray:
    """The order in which an epoch sees `n` examples: a permutation `[n]` int32, a function of `(seed, epoch)` alone."""
    return _permutation(n, EPOCH, seed, epoch)


def balanced(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Ascending int32 indices of `count` examples, the same number of each class in `labels` up to one.

    Raises UserError if `count` is negative, or takes all examples of a class.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    each, over = divmod(count, len(classes))
    quotas = np.full(len(classes), each)
    quotas[_permutation(len(classes), SPLIT, seed)[:over]] += 1
    if count < 0 or (np.any(quotas >= sizes) and count):
        raise UserError(
            f"cannot hold out {count:,} of {len(labels):,} images, {each + bool(over):,} a class: the smallest of the "
            f"{len(classes)} classes has {sizes.min():,}, and some must stay; expected 0 to "
            f"{len(classes) * (sizes.min() - 1):,}"
        )
    order = _permutation(len(labels), SPLIT, seed, 1)
    chosen = [order[labels[order] == label][:quota] for label, quota in zip(classes, quotas, strict=True)]
    return np.sort(np.concatenate(chosen)).astype(np.int32)


def _permutation(n: int, *key: int) -> np.ndarray:
    if min(key) < 0:
        raise UserError(f"a seed cannot be negative: {min(key)}")
    random = np.random.PCG64(np.random.SeedSequence(key)).random_raw(n)
    return np.argsort(random, kind="stable").astype(np.int32)
