"""One rule language: ordered (pattern over the parameter path, value); the first match wins.

Paths are written `stage1_block1/conv1/kernel`; `*` matches anything, slashes included, and `{b}` a whole number, which
a new name can shift: `stage{s}_block{b}/*` -> `layer{s}.{b-1}.*`. Weight decay, learning-rate
multipliers, freezing, restoring and the names of foreign weights all use it. A pattern that matches no path is an
error, because it is misspelled.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TypeVar

import jax

from jaxcnn.errors import UserError, did_you_mean
from jaxcnn.types import Tree

V = TypeVar("V")

_WILDCARD = re.compile(r"(\*|\?|\[[^\]]+\]|\{[a-z]\w*\})")
_SLOT = re.compile(r"\*|\{(?:(?P<factor>\d+)\*)?(?P<name>[a-z]\w*)(?P<offset>[+-]\d+)?\}")
"""In a new name: `*`, `{b}`, `{b-1}`, `{2*s-1}`."""


def paths(tree: Tree) -> list[str]:
    """The path of every leaf, in the order of `jax.tree.leaves`."""
    return [jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in jax.tree.leaves_with_path(tree)]


def matches(pattern: str, name: str) -> bool:
    return _expression(pattern).fullmatch(name) is not None


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
    """`name`, which matches `pattern`, under its `new` name.

    Each `*` of `new` stands for what a wildcard matched, in their order; `{2*b-1}` is computed from the number `{b}`.

    Raises: UserError if `new` does not have one `*` for each wildcard of `pattern`, or uses a number that it lacks.
    """
    expression, slots = _expression(pattern), list(_SLOT.finditer(new))
    wildcards = expression.groups - len(expression.groupindex)
    if wildcards != sum(slot[0] == "*" for slot in slots):
        raise UserError(f"the new name {new!r} must have one * for each of the {wildcards} wildcards of {pattern!r}")
    if unknown := {slot["name"] for slot in slots if slot["name"]} - expression.groupindex.keys():
        raise UserError(f"the new name {new!r} has the number {{{min(unknown)}}}, which {pattern!r} does not have")
    found = expression.fullmatch(name)
    assert found, f"{pattern!r} does not match {name!r}"
    numbers = set(expression.groupindex.values())
    matched = iter([text for index, text in enumerate(found.groups(), 1) if index not in numbers])

    def fill(slot: re.Match[str]) -> str:
        if slot[0] == "*":
            return next(matched)
        return str(int(slot["factor"] or 1) * int(found[slot["name"]]) + int(slot["offset"] or 0))

    return _SLOT.sub(fill, new)


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    parts = _WILDCARD.split(pattern)
    try:
        return re.compile("".join(_regex(part) if index % 2 else re.escape(part) for index, part in enumerate(parts)))
    except re.error as error:
        raise UserError(f"cannot read the pattern {pattern!r}: {error}") from None


def _regex(wildcard: str) -> str:
    if wildcard.startswith("{"):
        return rf"(?P<{wildcard[1:-1]}>\d+)"
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
