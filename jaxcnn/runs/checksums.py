"""Arrays verified: on restore, that they are those that were saved; before a save, that all numbers are finite.

Orbax's default format (OCDBT) does not: it reads a flipped bit in a data file as a wrong number, silently.
"""

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np

from jaxcnn.types import Tree


def digests(tree: Tree) -> dict[str, str]:
    """Path -> SHA-256 (64 bits of it) of dtype, shape and contents, of every leaf of `tree`."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    paths = [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in leaves]
    with ThreadPoolExecutor() as pool:  # hashing releases the interpreter lock
        return dict(zip(paths, pool.map(_digest, [leaf for _, leaf in leaves]), strict=True))


def damaged(tree: Tree, expected: Mapping[str, str]) -> list[str]:
    """Paths of the leaves of `tree` whose checksum is not the expected one."""
    return [path for path, digest in digests(tree).items() if expected.get(path) != digest]


def not_finite(tree: Tree) -> list[str]:
    """Paths of the leaves of `tree` that hold NaN or infinity."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    wrong = [path for path, leaf in leaves if not np.isfinite(np.asarray(leaf)).all()]
    return [jax.tree_util.keystr(path, simple=True, separator="/") for path in wrong]


def _digest(leaf: Any) -> str:
    if isinstance(leaf, jax.Array) and jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    array = np.asarray(leaf)
    digest = hashlib.sha256(f"{array.dtype.name}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
    return digest.hexdigest()[:16]
