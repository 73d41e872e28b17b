"""PyTorch's answers, eager, as its users get them: float32, or bfloat16 by autocast; from bytes to probabilities."""

from collections.abc import Callable

import numpy as np
import torch

from experiments.bench import torch_steps
from experiments.bench.batches import fastest
from experiments.bench.nets import SIDE
from experiments.bench.torch_nets import MODELS

VERSION = torch_steps.VERSION
product = torch_steps.product


def build(net: str, batch: int, dtype: str) -> Callable[[], None]:
    return answering(net, batch, dtype, lambda model: model)


def answering(
    net: str, count: int, dtype: str, prepare: Callable[[torch.nn.Module], Callable[..., torch.Tensor]]
) -> Callable[[], None]:
    """`prepare` makes of the network what is called."""
    torch.manual_seed(0)
    model = prepare(MODELS[net]().eval().to(memory_format=torch_steps.LAYOUT))
    images = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)

    def answer(part: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            pixels = torch.from_numpy(part).permute(0, 3, 1, 2).float()  # channels_last
            return model((pixels / 255 - 0.5) / 0.25).float().softmax(1).numpy()

    return fastest(answer, images)
