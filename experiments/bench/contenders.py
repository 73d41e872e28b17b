"""Who races, in training and in answering: a family (a module of this package) in a process of its own."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from jaxcnn.runtime.memory import ALLOCATOR

PROCESS_SETTINGS = ("GLIBC_TUNABLES", "XLA_FLAGS")
"""Not handed down from the shell: each contender has its own."""


@dataclass(frozen=True)
class Contender:
    family: str
    """A module of this package: `ours`, `plain_flax`, `torch_steps`, or one of those that answer."""
    dtype: str
    """Of activations and products; the family knows what its users do to get it."""
    huge_pages: bool = False
    """Huge pages for malloc, by the environment."""
    prepared: bool = False
    """The process set up by `jaxcnn.runtime`, huge pages and all, as jaxcnn's command line does."""

    @property
    def arguments(self) -> list[str]:
        """Of the module `experiments.bench.worker`."""
        return [self.family, self.dtype, *(["prepared"] if self.prepared else [])]

    @property
    def environment(self) -> Mapping[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in PROCESS_SETTINGS}
        return inherited | ({"GLIBC_TUNABLES": ALLOCATOR} if self.huge_pages else {})


CONTENDERS = {
    "jaxcnn": Contender("ours", "auto", prepared=True),
    "flax": Contender("plain_flax", "float32"),
    "flax_huge": Contender("plain_flax", "float32", huge_pages=True),
    "torch_float32": Contender("torch_steps", "float32"),
    "torch_float32_huge": Contender("torch_steps", "float32", huge_pages=True),
    "torch_autocast": Contender("torch_steps", "bfloat16"),
    "torch_autocast_huge": Contender("torch_steps", "bfloat16", huge_pages=True),
}
ANSWERING = {
    "predict": Contender("ours_inference", "auto", prepared=True),
    "eager": Contender("torch_inference", "float32"),
    "eager_autocast": Contender("torch_inference", "bfloat16"),
    "compiled": Contender("torch_compiled", "float32"),
    "compiled_autocast": Contender("torch_compiled", "bfloat16"),
    "onnxruntime": Contender("onnx_inference", "float32"),
}
"""Who answers 10,000 images; see `inference`."""
