"""DnCNN: a stack of equal convolutions that predicts the noise, and takes it away."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import UserError
from jaxcnn.layers import Conv, ConvNorm, check_images, initializer


class DnCNN(nn.Module):
    """[B, H, W, C] with noise -> [B, H, W, num_classes] without; as many channels come out as go in.

    Source: Zhang et al. 2017, arXiv:1608.03981, section 3: 17 layers of 64 channels, for known noise; the first and
    the last have no normalization, and a biased convolution is only the first.

    Options:
        depth: convolutions.
        width: channels between them.
    """

    num_classes: int = 3
    depth: int = 17
    width: int = 64
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "dncnn", side=1)
        if images.shape[-1] != self.num_classes:
            raise UserError(f"dncnn gives as many channels as it takes: {images.shape[-1]}, not {self.num_classes}")
        unit = partial(ConvNorm, self.width, train=train, dtype=self.dtype, kernel_init="he_normal")
        x = unit(use_bias=True, batch_norm=False, name="stem")(images)
        for layer in range(2, self.depth):
            x = unit(name=f"layer{layer}")(x)
        init = initializer("he_normal")
        noise = Conv(
            self.num_classes, (3, 3), padding=1, use_bias=False, dtype=self.dtype, kernel_init=init, name="head"
        )
        return images.astype(jnp.float32) - noise(x).astype(jnp.float32)


MODELS = {"dncnn": DnCNN, "dncnn_small": partial(DnCNN, depth=8, width=48)}
