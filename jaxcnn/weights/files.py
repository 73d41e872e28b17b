"""Weights in `.safetensors` files: named arrays and nothing that could run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from jaxcnn import rules
from jaxcnn.errors import UserError
from jaxcnn.paths import atomic_write, user_path


def read_safetensors(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of a file by name; their order has no meaning.

    Raises: UserError if the file is absent, damaged or of another kind.
    """
    path = user_path(path)
    if not path.is_file():
        raise UserError(f"{path} is not a file; weights are read from a .safetensors file")
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path} cannot be read as .safetensors: {error}\n"
            "It is damaged, truncated or of another kind. Pickles (.pt, .pth, .bin, .ckpt) are never read, "
            "because reading one runs the code in it: convert it where you trust it "
            "(safetensors.torch.save_file(state_dict, path))."
        ) from None


def save_weights(path: str | Path, variables: Any) -> None:
    """Writes variables {"params", "batch_stats"} as flat names, `params/stem/conv/kernel`, atomically.

    Raises: UserError if the file cannot be written.
    """
    save_arrays(path, dict(zip(rules.paths(variables), jax.tree.leaves(variables), strict=True)))


def save_arrays(path: str | Path, arrays: Mapping[str, Any]) -> None:
    """Writes arrays by name, atomically.

    Raises: UserError if the file cannot be written.
    """
    path = user_path(path)
    whole = {name: np.array(array, order="C") for name, array in arrays.items()}  # the writer ignores strides
    try:
        with atomic_write(path) as file:
            save_file(whole, file)
    except SafetensorError as error:
        raise UserError(f"cannot write {path}: {error}") from None
