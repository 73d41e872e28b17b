"""The terminal: what a person sees goes to standard error; results go to standard output."""

import sys
from importlib.util import find_spec

from rich.console import Console

from jaxcnn.console.entry import discard


class _Console(Console):
    """A console that a training outlives: rich would end the process when nobody reads what it prints any more."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        discard(sys.stderr)


console = _Console(stderr=True, highlight=False, soft_wrap=True)


def shows_in_place() -> bool:
    """Whether a bar can move: on a terminal, and in a notebook that has widgets."""
    return console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)


def say(text: str) -> None:
    try:
        console.print(text, markup=False)
        sys.stderr.flush()
    except OSError:  # a closed terminal, a full disk
        console.quiet = True
