"""One rule language: ordered (pattern over the parameter path, value); the first match wins.

Paths are written `block_1/Conv_0/kernel`; `*` matches anything, slashes included. Weight decay, learning-rate
multipliers and freezing all speak it. A pattern that matches no path is an error: it is a misspelling.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import jax

from jaxcnn.errors import UserError, did_you_mean

V = TypeVar("V")
Tree = Any


def paths(tree: Tree) -> list[str]:
    """The path of every leaf, in the order of `jax.tree.leaves`."""
    return [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in jax.tree.leaves_with_path(tree)]


def assign(rules: Sequence[tuple[str, V]], tree: Tree, default: V, setting: str) -> Tree:
    """A tree like `tree` with the value of the first rule that matches each leaf's path.

    Raises: UserError, naming `setting`, if a pattern matches no path at all.
    """
    names = paths(tree)
    for pattern, _ in rules:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UserError(f"{setting}: the pattern {pattern!r} matches no parameter; {did_you_mean(pattern, names)}")
    values = [next((value for pattern, value in rules if fnmatchcase(name, pattern)), default) for name in names]
    return jax.tree.unflatten(jax.tree.structure(tree), values)


def partition(mask: Tree, tree: Tree) -> tuple[Tree, Tree]:
    """Splits a tree into the leaves where `mask` is true and the others; each half has None in the other's places."""
    return (
        jax.tree.map(lambda chosen, leaf: leaf if chosen else None, mask, tree),
        jax.tree.map(lambda chosen, leaf: None if chosen else leaf, mask, tree),
    )


def combine(first: Tree, second: Tree) -> Tree:
    """The inverse of `partition`."""
    return jax.tree.map(lambda a, b: b if a is None else a, first, second, is_leaf=lambda leaf: leaf is None)
