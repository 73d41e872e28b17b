"""U-Net: down to a small map and up again, with the map of each size carried across."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import UserError, lookup
from jaxcnn.layers import Conv, ConvNorm, check_images, initializer, max_pool
from jaxcnn.layers.upsample import UPSAMPLES, ConvTranspose


class UNet(nn.Module):
    """[B, H, W, C] -> [B, H, W, num_classes]; both sides must be divisible by 2^(len(widths) - 1).

    Source: Ronneberger, Fischer and Brox 2015, arXiv:1505.04597, figure 1, with padded convolutions and batch
    normalization, as in milesial/Pytorch-UNet (31,037,698 parameters for 3 channels and 2 outputs).

    Options:
        widths: channels at each size.
        upsample: transposed (2x2), resize or subpixel.
        residual: add what comes out to the images, which must have as many channels.
    """

    num_classes: int = 3
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)
    upsample: str = "transposed"
    residual: bool = False
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "unet", side=2 ** (len(self.widths) - 1))
        self._check(images)
        unit = partial(ConvNorm, train=train, dtype=self.dtype, kernel_init="he_normal")

        def double(width: int, stage: str, x: jax.Array) -> jax.Array:
            return unit(width, name=f"{stage}_unit2")(unit(width, name=f"{stage}_unit1")(x))

        x, carried = images, []
        for level, width in enumerate(self.widths, 1):
            x = double(width, f"down{level}", max_pool(x, (2, 2), (2, 2)) if carried else x)
            carried.append(x)
        for level in range(len(self.widths) - 1, 0, -1):
            x = self._enlarge(self.widths[level - 1], name=f"up{level}_upsample")(x)
            x = double(self.widths[level - 1], f"up{level}", jnp.concatenate([carried[level - 1], x], axis=-1))
        head = Conv(self.num_classes, (1, 1), dtype=self.dtype, kernel_init=initializer("torch_uniform"), name="head")
        x = head(x).astype(jnp.float32)
        return images.astype(jnp.float32) + x if self.residual else x

    def _enlarge(self, width: int, name: str) -> nn.Module:
        if self.upsample == "transposed":
            return ConvTranspose(width, kernel=2, name=name, dtype=self.dtype)
        return lookup(UPSAMPLES, self.upsample, "way to upsample")(width, name=name, dtype=self.dtype)

    def _check(self, images: jax.Array) -> None:
        unit = 2 ** (len(self.widths) - 1)
        _, height, width, channels = images.shape
        if height % unit or width % unit:
            raise UserError(
                f"unet halves an image {len(self.widths) - 1} times: {height} x {width} is not divisible by {unit}"
            )
        if self.residual and channels != self.num_classes:
            raise UserError(f"unet:residual adds to an image of {channels} channels, and {self.num_classes} come out")


MODELS = {"unet": UNet, "unet_small": partial(UNet, widths=(32, 64, 128))}
