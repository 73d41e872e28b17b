"""ResNet-9: the small residual network that won CIFAR-10 speed contests in 2018."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import ConvNorm, check_images, check_stages, max_pool


class ResNet9(nn.Module):
    """Convolutions each pooled by two, some with a residual pair behind: [B, H, W, C] -> logits [B, num_classes].

    The last map is max-pooled whole, the logits are scaled. UserError for images too small to halve so often.
    Source: Page 2018, "How to Train Your ResNet", and davidcpage/cifar10-fast.

    Options:
        widths: channels of the first convolution and of each layer after it.
        residual: which layers have a residual of two convolutions.
        activation: name of the activation (celu with alpha 0.3 in the later, faster recipe).
        logit_scale: factor on the logits.
    """

    num_classes: int = 10
    widths: tuple[int, ...] = (64, 128, 256, 512)
    residual: tuple[bool, ...] = (False, True, False, True)
    activation: str = "relu"
    kernel_init: str = "torch_uniform"
    logit_scale: float = 0.125
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_stages("resnet9", widths=self.widths, residual=self.residual)
        check_images(images, "resnet9", side=2 ** (len(self.widths) - 1))
        settings = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        unit = partial(ConvNorm, activation=self.activation, train=train, **settings)
        x = images
        for index, (width, residual) in enumerate(zip(self.widths, self.residual, strict=True)):
            name = f"stage{index}" if index else "stem"
            x = unit(width, name=name)(x)
            x = max_pool(x, (2, 2), strides=(2, 2)) if index else x
            if residual:
                y = unit(width, name=f"{name}_residual1")(x)
                x = x + unit(width, name=f"{name}_residual2")(y)
        head = nn.Dense(self.num_classes, use_bias=False, dtype=self.dtype, name="head")
        return self.logit_scale * head(x.max(axis=(1, 2))).astype(jnp.float32)


MODELS = {"resnet9": partial(ResNet9)}
