"""jaxcnn: the lab for convolutional networks in JAX.

`jaxcnn.MODELS[name](num_classes=10)` is a linen module, `jaxcnn.load(path)` a trained run,
`jaxcnn.import_weights(model, state_dict)` the variables of a PyTorch network. Importing the package
imports no JAX and changes nothing in the process.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if sys.platform == "win32":
    raise ImportError("jaxcnn runs on Linux and macOS; on Windows, use the Windows Subsystem for Linux (WSL)")

if TYPE_CHECKING:
    from jaxcnn.errors import UserError
    from jaxcnn.inspect.explanation import explain
    from jaxcnn.models import MODELS
    from jaxcnn.runs.ensembles import ensemble
    from jaxcnn.runs.load import Run, load
    from jaxcnn.weights import import_weights
    from jaxcnn.weights.transfer import merge

__all__ = ["MODELS", "Run", "UserError", "ensemble", "explain", "import_weights", "load", "merge"]
__version__ = "0.2.0"

_HOMES = {
    "MODELS": "jaxcnn.models",
    "Run": "jaxcnn.runs.load",
    "UserError": "jaxcnn.errors",
    "ensemble": "jaxcnn.runs.ensembles",
    "explain": "jaxcnn.inspect.explanation",
    "import_weights": "jaxcnn.weights",
    "load": "jaxcnn.runs.load",
    "merge": "jaxcnn.weights.transfer",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'jaxcnn' has no attribute {name!r}")
