"""Parameter paths are an interface: every module of every model has a name, and the same idea has the same one."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from jaxcnn import rules
from jaxcnn.models import MODELS
from jaxcnn.models.sizes import SIZES
from jaxcnn.models.trace import calls

MADE_UP = re.compile(r"[A-Z]\w*_\d+")
"""How Flax names a module that has no name."""
DENSE = {"neuron", "softmax", "mlp"}
NO_STEM = {
    *("lenet5_1998", "lenet5", "convnet", "airbench94", "airbench95", "airbench96"),
    *(name for name in MODELS if name.startswith(("cudaconvnet", "alexnet", "vgg"))),
}
"""Networks whose first convolution is one like the others, or a whitening."""
# Those that take seconds to trace, and whose shorter siblings are of the same code.
LONG = re.compile(
    r"(preact_)?resnet(1001|110|1202|152|164).*|resnet101.*|plain56|se_.*(110|164)|densenet_(bc_)?(100|190|250).*"
    r"|densenet(161|169|201).*|densenet121|nasnet_a.*|inception_v4_299|inception_resnet_v1.*|inception_resnet_v2_299|wrn_(28|40).*|efficientnet_b[2-7].*"
    r"|efficientnet_v2_[ml].*|regnet_(x|y)_(400mf|.*gf).*|resnext101.*|wide_resnet101.*|convnext_(small|base|large).*"
    r"|mnasnet(0_75|1).*|shufflenet_v2_x(1_5|2_0).*"
)
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("convnet", {"norm": "batch", "depth": 2}),
    ("convnet", {"norm": "group"}),
    ("convnet", {"norm": "layer", "activation": "maxout"}),
    ("mlp", {"batch_norm": True, "dropout": 0.5}),
    ("vgg11_bn", {"hidden": (8,), "dropout": 0.5}),
    ("alexnet", {"hidden": (8,), "dropped": (0, 1)}),
    ("resnet20", {"option": "B", "large_stem": True, "reduction": 4, "zero_gamma": True}),
    ("preact_resnet18", {"final_norm": True, "reduction": 4, "dropout": 0.5}),
    ("densenet121", {"dropout": 0.5}),
    ("googlenet", {"auxiliary": True}),
    ("googlenet_paper_224", {"auxiliary": True}),
    ("inception_v3", {"auxiliary": True}),
    ("nasnet_a", {"cells": 1, "auxiliary": True}),
    ("repvgg_a0", {"plain": True}),
]


def paths(name: str, **options: Any) -> tuple[list[str], list[str]]:
    """Of all parameters and statistics, and of all modules that are called in training."""
    model = MODELS[name](num_classes=2 if name == "neuron" else 10, **options)
    images = jnp.zeros((1, *SIZES[name].image))
    key = jax.random.key(0)
    variables = {}

    def start(images: jax.Array) -> None:
        variables.update(model.init({"params": key, "dropout": key}, images, train=True))

    modules = [call.path for call in calls(jax.eval_shape, start, images)]
    return [path for collection in variables.values() for path in rules.paths(collection)], modules


def check(name: str, **options: Any) -> None:
    leaves, modules = paths(name, **options)
    assert not [path for path in leaves + modules if any(map(MADE_UP.fullmatch, path.split("/")))]
    outermost = {path.partition("/")[0] for path in leaves}
    # The codes at the end of the first LeNet-5 are fixed.
    assert ("head" in outermost) == (name != "lenet5_1998")
    assert ("stem" in outermost) == (name not in NO_STEM | DENSE)
    assert outermost & {"fc", "classifier", "linear", "logits", "features"} == set()


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] if LONG.fullmatch(n) else []) for n in MODELS]
)
def test_every_module_has_a_name(name: str):
    check(name)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_a_variant_has_no_name_that_flax_made_up(name: str, options: dict[str, Any]):
    check(name, **options)
