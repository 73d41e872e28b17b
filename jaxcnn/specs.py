"""Things chosen by name: `crop:padding=4,mode=reflect` is the entry `crop` of a dict, called with two options.

Models, augmentations, optimizers, schedules and losses are all dicts of callables. An option that the callable does
not take is an error, never ignored.
"""

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from jaxcnn.errors import UserError, did_you_mean, lookup

T = TypeVar("T")


def parse(spec: str) -> tuple[str, dict[str, Any]]:
    """Splits `name:key=value,key=value` into name and options; values are Python literals or plain words."""
    name, _, rest = spec.partition(":")
    options = {}
    for item in _split_outside_brackets(rest):
        key, equals, value = item.partition("=")
        if not equals:
            raise UserError(f"cannot read {item!r} in {spec!r}: options are written name:key=value,key=value")
        options[key.strip()] = _literal(value.strip())
    return name.strip(), options


def bind(known: Mapping[str, Callable[..., T]], name: str, options: Mapping[str, Any], kind: str) -> Callable[..., T]:
    """`known[name]` with its options bound; a UserError for an unknown name or option."""
    function = lookup(known, name, kind)
    accepted = _option_names(function)
    for option in options:
        if option not in accepted:
            raise UserError(f"{kind} {name!r} takes no {option!r}: {did_you_mean(option, accepted)}")
    return partial(function, **options)


def _option_names(function: Callable[..., Any]) -> list[str]:
    hidden = {"parent", "name", "num_classes", "dtype"}  # Flax's own, the data's, the config's
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.default is not p.empty and p.name not in hidden]


def _split_outside_brackets(text: str) -> list[str]:
    items, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            items.append("")
        else:
            items[-1] += character
    return [item for item in items if item.strip()]


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval({"true": "True", "false": "False"}.get(text, text))
    except (ValueError, SyntaxError):
        return text
