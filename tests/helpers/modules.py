"""Flax modules, called."""

from typing import Any

from flax import linen as nn


def apply(module: nn.Module, *arguments: Any, **options: Any) -> Any:
    """`module.apply`, without the union that Flax returns: which of its kinds it is, the caller knows."""
    return module.apply(*arguments, **options)
