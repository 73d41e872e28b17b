"""PyTorch's networks with everything in them random, and how far ours are from them."""

import importlib
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from jaxcnn import import_weights
from jaxcnn.weights import Report

QUICK = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}  # each program runs once
MAKERS = {"torchvision": ("torchvision.models", "get_model"), "timm": ("timm", "create_model")}


def network(library: str, name: str, side: int, **options: Any) -> tuple[Any, Any]:
    """PyTorch's network in evaluation, everything in it random, and images [2, 3, side, side].

    Nothing is downloaded: the weights, the affine parameters and the statistics are random, the latter such that every
    layer sees numbers of order one, where a mistake shows.
    """
    import torch

    torch.manual_seed(0)
    module, make = MAKERS[library]
    net = getattr(importlib.import_module(module), make)(name, **options)
    images = torch.randn(2, 3, side, side)
    with torch.no_grad():
        for entry, parameter in net.named_parameters():
            if entry.endswith(("layer_scale", "gamma")):
                parameter.uniform_(0.2, 1)
        norms = [layer for layer in net.modules() if isinstance(layer, torch.nn.BatchNorm2d | torch.nn.LayerNorm)]
        for layer in norms:
            layer.weight.uniform_(0.5, 1.5)
            layer.bias.normal_(0, 0.2)
            layer.momentum = 1.0
        for block in net.modules():
            if getattr(block, "use_res_connect", False) and hasattr(block, "stochastic_depth"):
                block.block[-1][1].weight *= 0.2  # at full size these deep networks amplify any rounding
        net.train()(images)  # takes over the statistics of the images
        for layer in norms:
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean += 0.2 * layer.running_var.sqrt() * torch.randn_like(layer.running_mean)
                layer.running_var *= torch.empty_like(layer.running_var).uniform_(0.7, 1.4)
    return net.eval(), images


def differences(net: Any, images: Any, model: nn.Module) -> tuple[float, float, Any, Report]:
    """By which part of their standard deviation our logits and PyTorch's own in float32 differ from those in float64.

    Also the imported variables, and the report of their import.
    """
    import torch

    with torch.inference_mode():
        rounded, wanted = net(images).numpy(), net.double()(images.double()).numpy()
    net.float()
    pixels = images.numpy().transpose(0, 2, 3, 1)
    variables, report = import_weights(model, net.state_dict(), pixels.shape[1:])
    forward = jax.jit(lambda variables, images: model.apply(variables, images, train=False))
    logits = forward.lower(variables, pixels).compile(QUICK)(variables, pixels)
    apart, own = (np.abs(np.asarray(each) - wanted).max() / wanted.std() for each in (logits, rounded))
    return float(apart), float(own), variables, report


def takes_back(net: Any, entries: dict[str, np.ndarray]) -> None:
    """PyTorch's network, cleared, takes our entries strictly, and has all of them then what it had before.

    Auxiliary heads are left aside. The state dict has the metadata that PyTorch's own have: MNASNet asks for it.
    """
    import torch

    before = {name: tensor.clone() for name, tensor in net.state_dict().items() if not name.endswith("_tracked")}
    state = type(net.state_dict())({name: torch.from_numpy(array.copy()) for name, array in entries.items()})
    state._metadata = net.state_dict()._metadata
    for attribute in ("aux1", "aux2", "AuxLogits"):
        if hasattr(net, attribute):
            setattr(net, attribute, None)
    with torch.no_grad():
        for tensor in net.state_dict().values():
            tensor.zero_()
    net.load_state_dict(state, strict=True)
    for name, tensor in net.state_dict().items():
        if name in before:
            assert torch.equal(tensor, before[name]), name
