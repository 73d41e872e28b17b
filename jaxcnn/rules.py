"""One rule language: ordered (pattern over the parameter path, value); the first match wins.

Paths are written `stage1_block1/conv1/kernel`; `*` matches anything, slashes included. Weight decay, learning-rate
multipliers, freezing and restoring all use it. A pattern that matches no path is an error, because it is misspelled.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

import jax

from jaxcnn.errors import UserError, did_you_mean
from jaxcnn.types import Tree

V = TypeVar("V")

_WILDCARD = re.compile(r"(\*|\?|\[[^\]]+\])")


def paths(tree: Tree) -> list[str]:
    """The path of every leaf, in the order of `jax.tree.leaves`."""
    return [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in jax.tree.leaves_with_path(tree)]


def matches(pattern: str, name: str) -> bool:
    return fnmatchcase(name, pattern)


def first_match(rules: Sequence[tuple[str, V]], name: str, default: V) -> V:
    """The value of the first rule whose pattern matches the path `name`."""
    return next((value for pattern, value in rules if matches(pattern, name)), default)


def require_match(pattern: str, names: Iterable[str], setting: str, what: str = "parameter") -> None:
    """Raises: UserError, naming `setting`, if `pattern` matches none of the paths `names`."""
    names = list(names)
    if not any(matches(pattern, name) for name in names):
        raise UserError(f"{setting}: the pattern {pattern!r} matches no {what}; {did_you_mean(pattern, names)}")


def assign(rules: Sequence[tuple[str, V]], tree: Tree, default: V, setting: str) -> Tree:
    """A tree like `tree` with the value of the first rule that matches each leaf's path.

    Raises: UserError, naming `setting`, if a pattern matches no path at all.
    """
    names = paths(tree)
    for pattern, _ in rules:
        require_match(pattern, names, setting)
    return jax.tree.unflatten(jax.tree.structure(tree), [first_match(rules, name, default) for name in names])


def rename(pattern: str, new: str, name: str) -> str:
    """`name`, which matches `pattern`, under its `new` name; each `*` stands for what its wildcard matched.

    Raises: UserError if `new` does not have one `*` for each wildcard of `pattern`.
    """
    parts = _WILDCARD.split(pattern)
    if len(parts) // 2 != new.count("*"):
        raise UserError(
            f"the new name {new!r} must have one * for each of the {len(parts) // 2} wildcards of {pattern!r}"
        )
    expression = "".join(_regex(part) if index % 2 else re.escape(part) for index, part in enumerate(parts))
    found = re.fullmatch(expression, name)
    assert found, f"{pattern!r} does not match {name!r}"
    matched = iter(found.groups())
    return re.sub(r"\*", lambda _: next(matched), new)


def _regex(wildcard: str) -> str:
    return {"*": "(.*)", "?": "(.)"}.get(wildcard) or f"({wildcard.replace('[!', '[^', 1)})"


def partition(mask: Tree, tree: Tree) -> tuple[Tree, Tree]:
    """Splits a tree into the leaves where `mask` is true and the others, with None elsewhere (as in Equinox)."""
    return (
        jax.tree.map(lambda chosen, leaf: leaf if chosen else None, mask, tree),
        jax.tree.map(lambda chosen, leaf: None if chosen else leaf, mask, tree),
    )


def combine(first: Tree, second: Tree) -> Tree:
    """The inverse of `partition`."""
    return jax.tree.map(lambda a, b: b if a is None else a, first, second, is_leaf=lambda leaf: leaf is None)
