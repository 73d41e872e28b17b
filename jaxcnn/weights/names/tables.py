"""Building blocks of the tables of names.

A table is ordered rules (pattern over the path of one of our layers, their name): the first match wins, as everywhere
in `jaxcnn.rules`. In some families nn.Sequential has numbered the layers, so that a number depends on what else the
model has: there a function makes the rules from the layers of the model.
"""

from collections.abc import Callable, Iterable, Sequence

from jaxcnn import rules

Rules = list[tuple[str, str]]
Table = Rules | Callable[[Sequence[str]], Rules]
"""The rules, or a function of the paths of the model's layers, in the order in which it computes."""


def units(pairs: Iterable[tuple[str, str]], conv: str = "conv", norm: str = "bn") -> Rules:
    """Rules for convolutions with their normalization: (ours, theirs) -> two rules by what theirs calls the parts."""
    parts = (("conv", conv), ("norm", norm))
    return [(f"{ours}/{part}", f"{theirs}.{name}") for ours, theirs in pairs for part, name in parts]


def sequential(prefix: str, layers: Sequence[str]) -> Rules:
    """Rules for the layers of an nn.Sequential; "" stands for one without weights."""
    return [(layer, f"{prefix}.{index}") for index, layer in enumerate(layers) if layer]


def product(outer: Iterable[tuple[str, str]], inner: Iterable[tuple[str, str]]) -> Rules:
    """Rules for the parts `inner` of each module of `outer`."""
    inner = list(inner)
    return [(f"{ours}/{part}", f"{theirs}.{name}") for ours, theirs in outer for part, name in inner]


def renamed(table: Rules, path: str) -> str | None:
    """Their name of our layer or leaf `path`, by the first rule that matches it."""
    found = next((rule for rule in table if rules.matches(rule[0], path)), None)
    return found and rules.rename(*found, path).replace("/", ".")
