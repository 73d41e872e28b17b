"""Types that several modules name."""

from collections.abc import Callable
from typing import Any

Tree = Any
"""A pytree of arrays, or of anything in the place of arrays."""

Resolve = Callable[[str], int]
"""A duration such as `50%` -> steps."""
