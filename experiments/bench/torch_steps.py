"""PyTorch, eager, as its users run it: float32, or bfloat16 by autocast."""

from collections.abc import Callable

import torch
from torch.nn import functional

from experiments.bench.nets import CLASSES, LEARNING_RATE, MOMENTUM, NETS, SIDE, WEIGHT_DECAY
from experiments.bench.torch_nets import MODELS

VERSION = f"torch {torch.__version__}"
LAYOUT = torch.channels_last
"""Measured against contiguous on AVX-512 (resnet20, resnet18, vgg16_bn, mobilenet_v1): up to 1.4 times as fast."""


def build(net: str, batch: int, dtype: str) -> Callable[[], None]:
    """Forward, loss, backward and optimizer, on one batch that stays where it is."""
    torch.manual_seed(0)
    model = MODELS[net]().to(memory_format=LAYOUT)
    images = torch.randn(batch, 3, SIDE, SIDE).to(memory_format=LAYOUT)
    targets = torch.randn(batch, 3, SIDE, SIDE).to(memory_format=LAYOUT) if NETS[net].picture else labels(batch)
    loss_of = functional.mse_loss if NETS[net].picture else functional.cross_entropy
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, LEARNING_RATE, momentum=MOMENTUM, nesterov=True, weight_decay=WEIGHT_DECAY)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            loss = loss_of(model(images), targets)
        loss.backward()
        optimizer.step()

    return step


def labels(batch: int) -> torch.Tensor:
    return torch.arange(batch) % CLASSES


def product(side: int, dtype: str) -> Callable[[], None]:
    matrix = torch.randn(side, side).to(getattr(torch, dtype))
    result = torch.empty_like(matrix)
    return lambda: torch.matmul(matrix, matrix, out=result)
