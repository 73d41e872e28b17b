"""AlexNet, VGG and SqueezeNet: torchvision numbers their layers."""

from collections.abc import Sequence

from jaxcnn.weights.names.tables import Rules, sequential

RELU = POOL = DROPOUT = ""
LINEAR = 3
"""Modules of a dense layer: itself, its activation and its dropout."""

ALEXNET = [
    *sequential(
        "features",
        ["conv1", RELU, POOL, "conv2", RELU, POOL, "conv3", RELU, "conv4", RELU, "conv5"],
    ),
    *sequential("classifier", [DROPOUT, "dense1", RELU, DROPOUT, "dense2", RELU, "head"]),
]


def vgg(modules: Sequence[str]) -> Rules:
    features: list[str] = []
    classifier: list[str] = []
    for module in modules:
        if module.startswith("stage"):
            _, kind = module.split("_")
            if kind == "conv1" and features:
                features += [RELU, POOL]
            elif kind.startswith("conv") and features:
                features += [RELU]
            features += [module]
        else:
            classifier += [module, RELU, DROPOUT]
    # With a single dense layer, as in kuangliu's VGG for CIFAR-10, the classifier is that layer.
    dense = sequential("classifier", classifier) if len(classifier) > LINEAR else [("head", "classifier")]
    return [*sequential("features", features), *dense]


def squeezenet(modules: Sequence[str]) -> Rules:
    """A pool before each stage shifts the numbers."""
    blocks = dict.fromkeys(module.partition("/")[0] for module in modules if module.startswith("stage"))
    layers, stages = ["stem/conv", RELU], set()
    for block in blocks:
        stage = block.partition("_")[0]
        layers += [] if stage in stages else [POOL]
        stages.add(stage)
        layers += [f"{block}/*"]
    fires = [(ours, f"{theirs}.*" if ours.endswith("*") else theirs) for ours, theirs in sequential("features", layers)]
    return [*fires, ("head", "classifier.1")]
