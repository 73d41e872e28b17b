"""`python -m jaxcnn COMMAND`: what is not an experiment."""

import os
import sys
from importlib import import_module

from jaxcnn.errors import UserError, lookup

COMMANDS = {
    "models": ("jaxcnn.commands.models", "the networks there are, their sizes, papers and published accuracies"),
    "summary": ("jaxcnn.commands.summary", "a network layer by layer"),
    "compare": ("jaxcnn.commands.compare", "table and curves of any runs"),
}
"""command -> module whose `main(arguments) -> exit status` it is, imported when it is called; what it shows."""


def main(arguments: list[str]) -> int:
    """Runs a command; exit status 2 and one message for what the user can mend."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m jaxcnn COMMAND [--help]\n")
        print("\n".join(f"  {name:9} {about}" for name, (_, about) in COMMANDS.items()))
        return 0 if arguments else 2
    try:
        module, _ = lookup(COMMANDS, arguments[0], "command")
        status = import_module(module).main(arguments[1:])
        sys.stdout.flush()
        return status
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # of `... | head`; the interpreter would flush once more, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
