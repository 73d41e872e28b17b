"""`python -m jaxcnn COMMAND`: everything that is not an experiment."""

import os
import sys
from importlib import import_module

from jaxcnn.errors import UserError, lookup

COMMANDS = {
    "models": "list the networks of the catalog: sizes, papers and published accuracies",
    "summary": "show a network layer by layer",
    "compare": "compare any runs: table and learning curves",
}
"""Command -> its help; each is a module of `jaxcnn.commands` with `main(arguments) -> exit status`."""


def main(arguments: list[str]) -> int:
    """Runs a command; exit status 2 and one message for what the user can fix."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m jaxcnn COMMAND [--help]\n")
        print("\n".join(f"  {name:9} {about}" for name, about in COMMANDS.items()))
        return 0 if arguments else 2
    try:
        lookup(COMMANDS, arguments[0], "command")
        status = import_module(f"jaxcnn.commands.{arguments[0]}").main(arguments[1:])
        sys.stdout.flush()
        return status
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # of `... | head`; the interpreter would flush again, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
