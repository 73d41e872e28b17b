"""The terminal: what a person sees goes to standard error; results go to standard output."""

import sys

from rich.console import Console

console = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    console.print(text, markup=False)
    sys.stderr.flush()
