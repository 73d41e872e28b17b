"""`python -m jaxcnn COMMAND`: everything that is not an experiment."""

import sys
from importlib import import_module

from jaxcnn import runtime
from jaxcnn.console.entry import outcome
from jaxcnn.errors import lookup

COMMANDS = {
    "models": "list the networks of the catalog: sizes, papers and published accuracies",
    "summary": "show a network layer by layer",
    "predict": "ask a trained network about pictures",
    "evaluate": "evaluate a trained network, class by class",
    "inspect": "open a trained network: one page of errors, kernels, maps and reasons",
    "export": "write a trained network as ONNX, StableHLO or weights by torchvision's names",
    "compare": "compare any runs: table and learning curves",
}
"""Command -> its help; each is a module of `jaxcnn.commands` with `main(arguments) -> exit status`."""


COMPUTING = {"predict", "evaluate", "inspect", "export"}
"""Commands that run networks."""


def main(arguments: list[str]) -> int:
    """Runs a command; exit status 2 and one message for what the user can fix."""
    status, message = outcome(lambda: _run(arguments))
    if message:
        print(message, file=sys.stderr)
    return status


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m jaxcnn COMMAND [--help]\n")
        print("\n".join(f"  {name:9} {about}" for name, about in COMMANDS.items()))
        return 0 if arguments else 2
    lookup(COMMANDS, arguments[0], "command")
    if arguments[0] in COMPUTING and not {"-h", "--help"} & set(arguments):
        runtime.prepare()  # before a command imports JAX
    return import_module(f"jaxcnn.commands.{arguments[0]}").main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
