"""What training programs wrap a state dict in: a dict with more than the weights, and prefixes of all names."""

from collections.abc import Mapping
from typing import Any, TypeVar

V = TypeVar("V")

KEYS = ("state_dict", "model_state_dict", "model", "net")
"""Keys of a whole checkpoint's dict under which the state dict is, in the order in which they are tried."""
PREFIXES = ("module.", "_orig_mod.", "model.", "net.")
"""Of names in DataParallel, in torch.compile, and in modules that hold the network."""


def unwrapped(source: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[str]]:
    """The state dict inside `source`, and what was done to get at it."""
    notes: list[str] = []
    while key := next((key for key in KEYS if isinstance(source.get(key), Mapping)), ""):
        others = [str(other) for other in source if other != key]
        notes.append(f"taken from {key!r}" + (f", beside {', '.join(others)}" if others else ""))
        source = source[key]
    return source, notes


def without_prefixes(entries: Mapping[str, V]) -> tuple[dict[str, V], list[str]]:
    """`entries` without the prefixes that all their names share, and a note of each."""
    notes: list[str] = []
    names = list(entries)
    while prefix := next((p for p in PREFIXES if names and all(name.startswith(p) for name in names)), ""):
        names = [name.removeprefix(prefix) for name in names]
        notes.append(f"without the prefix {prefix!r} of all names")
    return dict(zip(names, entries.values(), strict=True)), notes
