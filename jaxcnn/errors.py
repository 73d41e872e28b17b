"""Errors that a user can cause; one message says what was wrong, what was expected, and what to do."""

import shlex
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


class UserError(ValueError):
    """An error the user can fix; the command line prints only its message and exits with status 2."""


class Diverged(UserError):
    """The loss is not finite: an error when training one network, a result in a sweep over learning rates."""

    def __init__(self, step: int, message: str) -> None:
        super().__init__(message)
        self.step = step


MANY = 40
"""List at most this many names in a message."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A suggestion for a misspelled `name`, and the list of known names unless it is long and there is a suggestion."""
    known = sorted(known)
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    if near and len(known) > MANY:
        return f"did you mean {', '.join(map(repr, near))}?"
    suggestion = f"did you mean {near[0]!r}? " if near else ""
    return f"{suggestion}Known: {', '.join(known) or 'none'}."


def lookup(known: Mapping[str, T], name: str, kind: str) -> T:
    """`known[name]`; otherwise a UserError that names the nearest key."""
    if name in known:
        return known[name]
    raise UserError(f"unknown {kind} {name!r}: {did_you_mean(name, known)}")


def option(name: str, value: object) -> str:
    """A setting as it is typed on a command line: `--folder 'my runs/a'`."""
    return f"{name} {shlex.quote(str(value))}"
