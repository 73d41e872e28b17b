"""SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters, by squeezing the channels before each 3x3."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import Conv, ConvNorm, activation, check_images, initializer, max_pool
from jaxcnn.layers.activations import Activation
from jaxcnn.layers.initializers import Initializer


class Fire(nn.Module):
    """Squeeze with a 1x1 convolution, expand with 1x1 and 3x3 ones side by side: [B, H, W, C] -> [B, H, W, 8 squeezed].

    Source: Iandola et al. 2016, arXiv:1602.07360, figure 1; in table 1 each half expands four times.
    """

    squeezed: int
    act: Activation
    kernel_init: Initializer
    dtype: DTypeLike

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        conv = partial(Conv, dtype=self.dtype, kernel_init=self.kernel_init)
        x = self.act(conv(self.squeezed, (1, 1), padding=0, name="squeeze")(x))
        point = conv(4 * self.squeezed, (1, 1), padding=0, name="expand1x1")(x)
        window = conv(4 * self.squeezed, (3, 3), padding=1, name="expand3x3")(x)
        return self.act(jnp.concatenate([point, window], axis=-1))


class SqueezeNet(nn.Module):
    """Three stages of fire modules after pools, a 1x1 convolution, an average: [B, H, W, C] -> logits [B, num_classes].

    UserError for images too small to halve so often.
    Source: Iandola et al. 2016, arXiv:1602.07360, table 1; 1.1 is forresti/SqueezeNet's, which pools earlier and so
    costs 2.4 times less. Conventions of torchvision: pools in ceil mode, the logits' average after a ReLU.

    Options:
        stages: channels that the fire modules of each stage squeeze to.
        stem: channels of the first convolution.
        window: side of its window.
        dropout: dropout rate of the last features in training.
    """

    num_classes: int = 10
    stages: tuple[tuple[int, ...], ...] = ((16, 16, 32), (32, 48, 48, 64), (64,))
    stem: int = 96
    window: int = 7
    dropout: float = 0.5
    activation: str = "relu"
    kernel_init: str = "he_uniform"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "squeezenet", side=self.window + 2 * (2 ** len(self.stages) - 1))
        act, settings = activation(self.activation), {"dtype": self.dtype}
        unit = partial(ConvNorm, use_bias=True, batch_norm=False, kernel_init=self.kernel_init, **settings)
        fire = partial(Fire, act=act, kernel_init=initializer(self.kernel_init), **settings)
        x = unit(self.stem, self.window, 2, padding=0, activation=self.activation, name="stem")(images)
        for stage, widths in enumerate(self.stages, 1):
            x = max_pool(x, (3, 3), strides=(2, 2), ceil_mode=True)
            for index, squeezed in enumerate(widths, 1):
                x = fire(squeezed, name=f"stage{stage}_block{index}")(x)
        x = nn.Dropout(self.dropout, deterministic=not train, name="dropout")(x)
        head = Conv(
            self.num_classes, (1, 1), padding=0, kernel_init=initializer("normal(0.01)"), name="head", **settings
        )
        return act(head(x)).astype(jnp.float32).mean(axis=(1, 2))


MODELS = {
    "squeezenet1_0_224": partial(SqueezeNet),
    "squeezenet1_1_224": partial(SqueezeNet, stages=((16, 16), (32, 32), (48, 48, 64, 64)), stem=64, window=3),
}
