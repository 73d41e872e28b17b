"""VGG: nothing but 3x3 convolutions and pools, made deep; for small images and, with two hidden layers, for large."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import BatchNorm, Conv, activation, check_images, check_stages, initializer, max_pool


class VGG(nn.Module):
    """Stages of 3x3 convolutions, each stage closed by a 2x2 max-pool: [B, H, W, C] -> logits [B, num_classes].

    Five pools take 32x32 to 1x1, so one dense layer is the whole head. The pixels that larger images leave are
    averaged, or all go into the first of the `hidden` layers. UserError for sides under 32 pixels.
    Source: Simonyan and Zisserman 2015, arXiv:1409.1556, table 1, columns A to E; the small-image head and batch
    normalization as in kuangliu/pytorch-cifar; the large-image head as in torchvision.

    Options:
        depths: convolutions in each stage.
        widths: channels of each stage; they double up to 512.
        third_window: side of the window of a stage's third convolution and later ones; 1 in column C.
        hidden: units of the dense layers before the last.
        batch_norm: normalize after each convolution.
        conv_bias: give convolutions a bias, though batch normalization takes it away again (as published).
        activation: name of the activation.
        kernel_init: name of the initializer of the convolutions.
        dense_init: name of the initializer of the dense layers.
        dropout: dropout rate in training of the last features, or of each hidden layer.
    """

    num_classes: int = 10
    depths: tuple[int, ...] = (2, 2, 3, 3, 3)
    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    third_window: int = 3
    hidden: tuple[int, ...] = ()
    batch_norm: bool = True
    conv_bias: bool = True
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dense_init: str = "torch_uniform"
    dropout: float = 0.0
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_stages("vgg", depths=self.depths, widths=self.widths)
        check_images(images, "vgg", side=2 ** len(self.depths))
        conv = partial(Conv, use_bias=self.conv_bias, dtype=self.dtype, kernel_init=initializer(self.kernel_init))
        norm = partial(BatchNorm, use_running_average=not train, dtype=self.dtype)
        act = activation(self.activation)
        x = images
        for stage, (depth, width) in enumerate(zip(self.depths, self.widths, strict=True), 1):
            for index in range(1, depth + 1):
                side = 3 if index < 3 else self.third_window
                x = conv(width, kernel_size=(side, side), padding=side // 2, name=f"stage{stage}_conv{index}")(x)
                x = act(norm(name=f"stage{stage}_norm{index}")(x) if self.batch_norm else x)
            x = max_pool(x, (2, 2), strides=(2, 2))

        dense = partial(nn.Dense, dtype=self.dtype, kernel_init=initializer(self.dense_init))
        drop = nn.Dropout(self.dropout, deterministic=not train, name="dropout")
        x = x.reshape(x.shape[0], -1) if self.hidden else drop(x.mean(axis=(1, 2)))
        for index, units in enumerate(self.hidden, 1):
            x = drop(act(dense(units, name=f"dense{index}")(x)))
        return dense(self.num_classes, name="head")(x).astype(jnp.float32)


# Columns A, B, C (16 layers, three of them 1x1), D and E.
COLUMNS = {
    "vgg11": partial(VGG, depths=(1, 1, 2, 2, 2)),
    "vgg13": partial(VGG, depths=(2, 2, 2, 2, 2)),
    "vgg16c": partial(VGG, depths=(2, 2, 3, 3, 3), third_window=1),
    "vgg16": partial(VGG, depths=(2, 2, 3, 3, 3)),
    "vgg19": partial(VGG, depths=(2, 2, 4, 4, 4)),
}
large = {"hidden": (4096, 4096), "dropout": 0.5, "dense_init": "normal(0.01)"}
MODELS = {
    # As published, before batch normalization.
    **{name: partial(column, batch_norm=False) for name, column in COLUMNS.items()},
    **{f"{name}_bn": column for name, column in COLUMNS.items()},
    **{f"{name}_224": partial(column, batch_norm=False, **large) for name, column in COLUMNS.items()},
    **{f"{name}_bn_224": partial(column, **large) for name, column in COLUMNS.items()},
}
