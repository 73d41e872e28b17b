"""A convolutional autoencoder: an image becomes a short code, and the code an image."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import UserError, lookup
from jaxcnn.layers import ConvNorm, check_images
from jaxcnn.layers.upsample import UPSAMPLES, ConvTranspose


class Autoencoder(nn.Module):
    """[B, H, W, C] -> a code [B, code] -> [B, H, W, num_classes]; both sides divisible by 2^len(widths).

    Source: the notes' network without a dense classifier: convolutions with stride 2 down, and up again by transposed
    ones (Masci et al. 2011; Radford et al. 2016, arXiv:1511.06434, for the 4x4 windows).

    Options:
        widths: channels of the encoder; the decoder mirrors them.
        code: numbers that an image is squeezed into.
        upsample: transposed, resize or subpixel.
        kernel: side of the transposed windows; at 3, which the stride does not divide, they overlap unevenly.
    """

    num_classes: int = 3
    widths: tuple[int, ...] = (64, 128, 256)
    code: int = 128
    upsample: str = "transposed"
    kernel: int = 4
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        unit_of_sides = 2 ** len(self.widths)
        check_images(images, "autoencoder", side=unit_of_sides)
        _, height, width, _ = images.shape
        if height % unit_of_sides or width % unit_of_sides:
            raise UserError(
                f"autoencoder halves an image {len(self.widths)} times: {height} x {width} does not allow it"
            )
        unit = partial(ConvNorm, strides=2, kernel=4, padding=1, train=train, dtype=self.dtype)
        x = images
        for stage, channels in enumerate(self.widths, 1):
            x = unit(channels, name=f"encoder{stage}")(x)
        shape = x.shape
        code = nn.Dense(self.code, dtype=self.dtype, name="code")(x.reshape(x.shape[0], -1))
        x = nn.Dense(shape[1] * shape[2] * shape[3], dtype=self.dtype, name="decoder")(code).reshape(shape)
        way: Callable[..., nn.Module] = lookup(UPSAMPLES, self.upsample, "way to upsample")
        way = partial(ConvTranspose, kernel=self.kernel) if way is ConvTranspose else way
        for stage, channels in enumerate((*self.widths[-2::-1], self.num_classes), 1):
            last = stage == len(self.widths)
            x = way(channels, dtype=self.dtype, name="head" if last else f"decoder{stage}")(jax.nn.relu(x))
        return x.astype(jnp.float32)


MODELS = {"autoencoder": Autoencoder}
