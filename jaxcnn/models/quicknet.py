"""A network for a first training of a few minutes on two processor cores."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import BatchNorm, Conv, ConvNorm, activation, check_images, initializer, max_pool


class QuickNet(nn.Module):
    """A thin ResNet-9 on overlapping 4x4 patches: [B, H, W, C] -> logits [B, num_classes].

    The stem halves the image by its stride, each stage by a pool that comes before the normalization, which then has
    a quarter of the work; a residual convolution follows each pool. UserError for images too small to halve so often.
    Source: Page 2018, "How to Train Your ResNet" (ResNet-9, scaled logits); pooling before normalization and the
    maximum over the last map as in airbench (Jordan 2024, arXiv:2404.00498).

    Options:
        stem: channels of the stem.
        widths: channels of each stage.
        activation: name of the activation.
        kernel_init: name of the initializer of the convolutions.
        logit_scale: factor on the logits, which slows down how fast they grow.
    """

    num_classes: int = 10
    stem: int = 32
    widths: tuple[int, ...] = (64, 128)
    activation: str = "relu"
    kernel_init: str = "he_normal"
    logit_scale: float = 0.125
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "quicknet", side=2 ** (1 + len(self.widths)))
        init = initializer(self.kernel_init)
        conv = partial(Conv, padding=1, use_bias=False, dtype=self.dtype, kernel_init=init)
        norm = partial(BatchNorm, use_running_average=not train, dtype=self.dtype)
        act = activation(self.activation)
        settings = {"activation": self.activation, "kernel_init": self.kernel_init, "dtype": self.dtype}
        x = ConvNorm(self.stem, 4, 2, padding=1, train=train, **settings, name="stem")(images)
        for stage, width in enumerate(self.widths, 1):
            x = max_pool(conv(width, (3, 3), name=f"stage{stage}_conv1")(x), (2, 2), strides=(2, 2))
            x = act(norm(name=f"stage{stage}_norm1")(x))
            y = conv(width, (3, 3), name=f"stage{stage}_conv2")(x)
            x = x + act(norm(name=f"stage{stage}_norm2")(y))
        head = nn.Dense(self.num_classes, use_bias=False, dtype=self.dtype, name="head")
        return self.logit_scale * head(x.max(axis=(1, 2))).astype(jnp.float32)


MODELS = {"quicknet": partial(QuickNet)}
