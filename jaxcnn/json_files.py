"""JSON files: written atomically and without NaN, which JSON lacks; read with one message for whatever is wrong."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxcnn.errors import UserError
from jaxcnn.paths import atomic_write

REWRITTEN = "move it away; the command that trains the run writes it again"
"""What to do about a damaged file that a run can make again."""


def dumps(values: Any, indent: int | None = None) -> str:
    """`values` as JSON; null stands for numbers that are not finite."""
    return json.dumps(_finite(values), indent=indent, allow_nan=False)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Writes a file atomically.

    Raises: UserError if the folder cannot be written.
    """
    with atomic_write(path) as file:
        file.write_text(dumps(values, indent=2) + "\n")


def read_json(path: Path, remedy: str = REWRITTEN) -> dict[str, Any]:
    """The object in a file.

    Raises: UserError, with the `remedy`, if the file is missing, damaged, or holds anything else.
    """
    try:
        return parse_object(path.read_bytes())
    except OSError as error:
        reason = str(error.strerror)
    except ValueError as error:
        reason = str(error)
    raise UserError(f"{path} cannot be read: {reason}; {remedy}")


def parse_object(text: bytes) -> dict[str, Any]:
    """The object that `text` is.

    Raises: ValueError that says what it is instead.
    """
    if not text.strip():
        raise ValueError("it is empty")
    try:
        values = json.loads(text.decode())
    except UnicodeDecodeError:
        raise ValueError("it is not text in UTF-8") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"it is not JSON ({error})") from None
    if not isinstance(values, dict):
        raise ValueError(f"it holds a {type(values).__name__} and not an object, {{...}}")
    return values


def _finite(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {key: _finite(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_finite(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values
