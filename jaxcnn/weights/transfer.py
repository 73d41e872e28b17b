"""Weights of one network become those of another, by ordered rules and with a full report.

A rule is (pattern, action); the first one whose pattern matches decides:

    ("stage1_*", "load")                load their weights under the same name
    ("stage1_*", "load stage2_*")       load them under a new name; each * stands for what its wildcard matched
    ("auxiliary1/*", "skip")            do not load them
    ("head/*", "init")                  keep our initial value, and do not load theirs

Patterns are over the paths of modules, so the batch statistics of a layer (`stem/norm/mean`) go with its parameters.
Every leaf on either side must be covered by a rule; an error names the rules to add.
"""

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import jax
import jax.numpy as jnp

from jaxcnn import rules
from jaxcnn.errors import UserError, did_you_mean
from jaxcnn.types import Tree

Leaf = tuple[str, str]
"""Collection ("params" or "batch_stats") and path in it."""
Rules = Sequence[tuple[str, str]]

SETTING = "init.restore"
SHOWN = 8
"""An error lists at most this many leaves."""


@dataclass(frozen=True)
class Entry:
    """One leaf in a report, under our name or, if it was skipped, under theirs."""

    name: str
    collection: str
    size: int
    note: str = ""


@dataclass(frozen=True)
class Report:
    """The outcome for every leaf of both trees."""

    loaded: tuple[Entry, ...] = ()
    renamed: tuple[Entry, ...] = ()
    initialized: tuple[Entry, ...] = ()
    skipped: tuple[Entry, ...] = ()
    mismatched: tuple[Entry, ...] = ()

    def __str__(self) -> str:
        """One line per outcome: how many leaves, parameters and batch statistics."""
        return "\n".join(_line(field.name, getattr(self, field.name)) for field in fields(self))

    def to_dict(self) -> dict[str, Any]:
        return {field.name: _summary(getattr(self, field.name)) for field in fields(self)}


def transfer(source: Tree, target: Tree, restore: Rules) -> tuple[Tree, Report]:
    """`target` with the leaves that `restore` loads from `source`; both are {"params", "batch_stats"}. Dtypes are ours.

    Raises: UserError for a rule that cannot be read or matches nothing, and for leaves that no rule covers or whose
    shapes differ. The message names the rules to add.
    """
    theirs, ours = _leaves(source), _leaves(target)
    _check(restore, theirs, ours)
    actions = {leaf: _action(restore, leaf) for leaf in theirs}
    goes_to = {leaf: _destination(restore, leaf) for leaf, action in actions.items() if action.startswith("load")}
    comes_from = _invert(goes_to)
    _refuse_contradictions(restore, comes_from)

    fits = {leaf: ours[leaf].shape == theirs[comes_from[leaf]].shape for leaf in ours if leaf in comes_from}
    stays = [leaf for leaf in ours if leaf not in fits]
    report = Report(
        loaded=tuple(_entry(leaf, ours) for leaf in fits if fits[leaf] and leaf == comes_from[leaf]),
        renamed=tuple(_entry(k, ours, comes_from[k][1]) for k in fits if fits[k] and k != comes_from[k]),
        initialized=tuple(_entry(leaf, ours) for leaf in stays if _may_be_initialized(restore, leaf)),
        skipped=tuple(_entry(leaf, theirs) for leaf in theirs if actions[leaf] in ("init", "skip")),
        mismatched=tuple(
            _entry(k, ours, f"{_shape(theirs[comes_from[k]])} there, {_shape(ours[k])} here")
            for k in fits
            if not fits[k]
        ),
    )
    missing = [leaf for leaf in stays if not _may_be_initialized(restore, leaf)]
    homeless = [leaf for leaf, new in goes_to.items() if new not in ours]
    if missing or homeless or report.mismatched:
        raise UserError(_complaint(restore, report, missing, homeless, theirs, ours))

    values = [theirs[comes_from[k]].astype(ours[k].dtype) if k in fits else ours[k] for k in ours]
    return jax.tree.unflatten(jax.tree.structure(target), list(map(jnp.asarray, values))), report


def _leaves(tree: Mapping[str, Tree]) -> dict[Leaf, Any]:
    """Every leaf by name, in the order of `jax.tree.leaves`."""
    names = [(name.partition("/")[0], name.partition("/")[2]) for name in rules.paths(tree)]
    return dict(zip(names, jax.tree.leaves(tree), strict=True))


def _check(restore: Rules, theirs: Iterable[Leaf], ours: Iterable[Leaf]) -> None:
    """Every rule must be readable and match a leaf on its side."""
    for pattern, action in restore:
        verb, *new = action.split()
        if verb not in ("load", "init", "skip") or len(new) > (verb == "load"):
            raise UserError(
                f"{SETTING}: cannot read the action {action!r} of {pattern!r}: "
                "write load, 'load NEW/NAME/*', init or skip"
            )
        side, whose = (ours, "leaf of this network") if verb == "init" else (theirs, "leaf of the source")
        rules.require_match(pattern, [path for _, path in side], SETTING, whose)


def _action(restore: Rules, leaf: Leaf) -> str:
    action = rules.first_match(restore, leaf[1], "")
    if action:
        return action
    raise UserError(f"{SETTING}: no rule covers {leaf[1]} of the source; end with one for the rest: '*' load")


def _destination(restore: Rules, leaf: Leaf) -> Leaf:
    collection, path = leaf
    pattern, action = next(rule for rule in restore if rules.matches(rule[0], path))
    _, *new = action.split()
    return collection, rules.rename(pattern, new[0], path) if new else path


def _invert(goes_to: Mapping[Leaf, Leaf]) -> dict[Leaf, Leaf]:
    comes_from: dict[Leaf, Leaf] = {}
    for leaf, new in goes_to.items():
        if new in comes_from:
            raise UserError(
                f"{SETTING}: both {comes_from[new][1]} and {leaf[1]} would become {new[1]}; "
                f"skip one of them, for example {_type([(leaf[1], 'skip')])}"
            )
        comes_from[new] = leaf
    return comes_from


def _refuse_contradictions(restore: Rules, comes_from: Mapping[Leaf, Leaf]) -> None:
    """A leaf may be renamed to one that a later rule initializes, but not to one that an earlier rule does."""
    for new, leaf in comes_from.items():
        earlier = restore[: next(k for k, (pattern, _) in enumerate(restore) if rules.matches(pattern, leaf[1]))]
        if any(action == "init" and rules.matches(pattern, new[1]) for pattern, action in earlier):
            raise UserError(f"{SETTING}: {new[1]} is both initialized and loaded from {leaf[1]}: drop one of the rules")


def _may_be_initialized(restore: Rules, leaf: Leaf) -> bool:
    """Whether the first rule about our names says so; a rule that renames is about their names."""
    return rules.first_match([rule for rule in restore if rule[1] in ("init", "load")], leaf[1], "") == "init"


def _complaint(
    restore: Rules,
    report: Report,
    missing: list[Leaf],
    homeless: list[Leaf],
    theirs: Mapping[Leaf, Any],
    ours: Mapping[Leaf, Any],
) -> str:
    mismatched = [(entry.collection, entry.name) for entry in report.mismatched]
    lines = [
        *(f"  {entry.name} is {entry.note}" for entry in report.mismatched),
        *(f"  {path} is in the network, but no weights are loaded there" for _, path in missing),
        *(f"  {path} is in the source, but not in the network" for _, path in homeless),
    ]
    add = [
        *((pattern, "init") for pattern in _modules([*mismatched, *missing], ours)),
        *((pattern, "skip") for pattern in _modules(homeless, theirs)),
    ]
    return (
        f"the weights do not fit the network by the rules of {SETTING}:\n"
        + "\n".join([*_first(lines), str(report)])
        + f"\nTo continue without them, put rules in front: {_type([*add, *restore])}"
        + "\nor load them under another name: 'THEIR/NAME/*' 'load OUR/NAME/*'"
    )


def _modules(leaves: Iterable[Leaf], tree: Iterable[Leaf]) -> list[str]:
    """Patterns for exactly `leaves`: the outermost modules that contain no other leaf of `tree`."""
    chosen = {path for _, path in leaves}
    others = {path for _, path in tree} - chosen
    patterns: dict[str, None] = {}
    for path in sorted(chosen):
        parts = path.split("/")
        modules = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]
        whole = (m + "*" for m in modules if not any(other.startswith(m) for other in others))
        patterns[next(whole, path)] = None
    return list(patterns)


def _type(restore: Rules) -> str:
    """Rules as command-line arguments."""
    return f"--{SETTING} " + " ".join(shlex.quote(word) for rule in restore for word in rule)


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN
    return lines[:SHOWN] + ([f"  and {more} more"] if more > 0 else [])


def _entry(leaf: Leaf, tree: Mapping[Leaf, Any], note: str = "") -> Entry:
    return Entry(leaf[1], leaf[0], math.prod(tree[leaf].shape), note)


def _shape(leaf: Any) -> str:
    return str(list(leaf.shape))


def _summary(entries: tuple[Entry, ...]) -> dict[str, Any]:
    return {
        "leaves": len(entries),
        "parameters": sum(entry.size for entry in entries if entry.collection == "params"),
        "statistics": sum(entry.size for entry in entries if entry.collection == "batch_stats"),
        "names": [f"{entry.name} ({entry.note})" if entry.note else entry.name for entry in entries],
    }


def _line(name: str, entries: tuple[Entry, ...]) -> str:
    s = _summary(entries)
    return f"  {name:11} {s['leaves']:>5} leaves {s['parameters']:>13,} parameters {s['statistics']:>9,} statistics"


def merge(base: Tree, part: Tree) -> Tree:
    """`base` with its leaves replaced by those of `part`; both are {"params", "batch_stats"} or parts of them.

    Raises: UserError for a leaf that `base` does not have, or has with a different shape.
    """
    ours, theirs = _leaves(base), _leaves(part)
    for leaf, value in theirs.items():
        if leaf not in ours:
            known = [path for collection, path in ours if collection == leaf[0]]
            raise UserError(f"merge: the base has no {'/'.join(leaf)}; {did_you_mean(leaf[1], known)}")
        if ours[leaf].shape != value.shape:
            raise UserError(
                f"merge: {'/'.join(leaf)} is {_shape(value)} in the part and {_shape(ours[leaf])} in the base"
            )
    return jax.tree.unflatten(jax.tree.structure(base), [theirs.get(leaf, value) for leaf, value in ours.items()])
