"""Trained networks that come with the package: `pretrained:quicknet`.

Each is a folder of `jaxcnn/pretrained/`: the config, data and summary of its run, and its weights.
"""

from importlib.resources import files
from pathlib import Path

from jaxcnn.errors import lookup

PREFIX = "pretrained:"
WEIGHTS = "weights.safetensors"


def names() -> dict[str, Path]:
    """Name -> folder."""
    home = Path(str(files("jaxcnn") / "pretrained"))
    return {path.name: path for path in sorted(home.iterdir()) if (path / WEIGHTS).exists()}


def folder(text: str) -> Path:
    """The folder of `pretrained:NAME`.

    Raises: UserError for a name that is not there.
    """
    return lookup(names(), text.removeprefix(PREFIX), "pretrained network")
