"""Mistakes a user can make, said in one message: what was wrong, what was expected, what to do."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


class UserError(ValueError):
    """An error the user can mend; the command line prints its message alone and exits with status 2."""


class Diverged(UserError):
    """A loss that is not finite: a mistake to whoever trains one network, a result to a sweep over learning rates."""

    def __init__(self, step: int, message: str) -> None:
        super().__init__(message)
        self.step = step


MANY = 40
"""More names than a message is read for."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A suggestion for a misspelt `name`, and all that is known, unless a suggestion spares a long list."""
    known = sorted(known)
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    if near and len(known) > MANY:
        return f"did you mean {', '.join(map(repr, near))}?"
    suggestion = f"did you mean {near[0]!r}? " if near else ""
    return f"{suggestion}Known: {', '.join(known) or 'none'}."


def lookup(known: Mapping[str, T], name: str, kind: str) -> T:
    """`known[name]`, or a UserError that names the nearest key."""
    if name in known:
        return known[name]
    raise UserError(f"unknown {kind} {name!r}: {did_you_mean(name, known)}")
