"""PyTorch's answers by `torch.compile`."""

from collections.abc import Callable

import torch

from experiments.bench import torch_inference

VERSION = torch_inference.VERSION
product = torch_inference.product


def build(net: str, batch: int, dtype: str) -> Callable[[], None]:
    return torch_inference.answering(net, batch, dtype, torch.compile)
