"""The catalog of models.

`MODELS[name](num_classes=10)` gives a linen module; the fields of its class are its options. Use it through
`module.init(key, images, train=False)` and `module.apply(variables, images, train=...)`, with float images
[batch, height, width, channel]; it returns float32 logits [batch, num_classes] (`neuron`: [batch, 1]). Parameters and
batch statistics are float32, and the computation is in `dtype`. Dropout draws from the rng `dropout`. With
`auxiliary=True`, where a model has auxiliary heads, training returns (logits, (auxiliary logits, ...)).

The paths of parameters are an interface, and the same idea has the same name in every family:

    stem/conv, stem/norm                        the layers before the first stage; stem/conv1, ... if they are several
    stage1_block1/conv1, norm1, conv2, ...      the first block of the first stage; numbers count from 1
    stage2_block1/shortcut/conv, shortcut/norm  the projection beside a block
    squeeze_excite/reduce, expand               the gate in a block
    expand, depthwise, project                  the parts of an inverted residual
    inception_4a/branch3x3/conv                 the branches of an Inception module, as torchvision names them
    final/conv, final/norm or final_norm        the layers after the last stage
    dense1, dense2, head                        hidden dense layers, and the classifier: `head` is always the last one
    auxiliary1/head                             the first auxiliary classifier

A new model is a line of `MODELS` in the file of its family, or a new file here and one line below.
"""

from collections.abc import Callable

from flax import linen as nn

from jaxcnn.models import (
    airbench,
    alexnet,
    autoencoder,
    baseline,
    bn_inception,
    convnet,
    convnext,
    cuda_convnet,
    densenet,
    dncnn,
    efficientnet,
    efficientnet_v2,
    googlenet,
    inception_resnet,
    inception_v3,
    inception_v4,
    lenet,
    mnasnet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    nasnet,
    preact,
    quicknet,
    regnet,
    repvgg,
    resnet,
    resnet9,
    resnext,
    senet,
    shufflenet,
    squeezenet,
    super_resolution,
    unet,
    vgg,
    wide_resnet,
    xception,
)
from jaxcnn.models.counts import Counts, count

__all__ = ["FOR_PICTURES", "MODELS", "Counts", "count"]

MODELS: dict[str, Callable[..., nn.Module]] = {
    **baseline.MODELS,
    **lenet.MODELS,
    **cuda_convnet.MODELS,
    **alexnet.MODELS,
    **convnet.MODELS,
    **quicknet.MODELS,
    **vgg.MODELS,
    **resnet.MODELS,
    **preact.MODELS,
    **wide_resnet.MODELS,
    **resnext.MODELS,
    **densenet.MODELS,
    **senet.MODELS,
    **googlenet.MODELS,
    **bn_inception.MODELS,
    **inception_v3.MODELS,
    **inception_v4.MODELS,
    **inception_resnet.MODELS,
    **xception.MODELS,
    **squeezenet.MODELS,
    **mobilenet_v1.MODELS,
    **mobilenet_v2.MODELS,
    **mobilenet_v3.MODELS,
    **shufflenet.MODELS,
    **mnasnet.MODELS,
    **efficientnet.MODELS,
    **efficientnet_v2.MODELS,
    **nasnet.MODELS,
    **regnet.MODELS,
    **convnext.MODELS,
    **repvgg.MODELS,
    **resnet9.MODELS,
    **airbench.MODELS,
}
FOR_PICTURES: dict[str, Callable[..., nn.Module]] = {
    **dncnn.MODELS,
    **super_resolution.MODELS,
    **unet.MODELS,
    **autoencoder.MODELS,
}
"""Networks that answer with a picture [batch, height, width, num_classes] (tasks `denoise` to `autoencode`)."""
