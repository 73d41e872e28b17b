"""airbench94, 95 and 96: the networks of the fastest known trainings on CIFAR-10."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers import BatchNorm, Conv, activation, check_images, initializer, max_pool
from jaxcnn.layers.activations import Activation


class AirbenchGroup(nn.Module):
    """Convolve, pool by two, normalize, activate; then `depth` - 1 times convolve, normalize, activate.

    [B, H, W, C] -> [B, H / 2, W / 2, width]. At depth 3 the first activation is added before the last. An odd last row
    or column, which the pool drops, is not even computed in training: a ninth of airbench94's MACs.
    """

    width: int
    depth: int
    train: bool
    conv: Callable[..., nn.Module]
    norm: Callable[..., nn.Module]
    act: Activation

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        padding = [(1, 1 - size % 2 if self.train else 1) for size in x.shape[1:3]]
        first = max_pool(self.conv(self.width, padding=padding, name="conv1")(x), (2, 2), strides=(2, 2))
        first = x = self.act(self.norm(name="norm1")(first))
        for index in range(2, self.depth + 1):
            x = self.norm(name=f"norm{index}")(self.conv(self.width, name=f"conv{index}")(x))
            residual = self.depth > 2 and index == self.depth
            x = self.act(x + first if residual else x)
        return x


class Airbench(nn.Module):
    """A whitening convolution, three groups, a maximum over the map: [B, H, W, C] -> logits [B, num_classes].

    The whitening kernel starts at random: put `whitening_filters(images)` in `params/whitening/kernel`, and keep it
    there by a rule that freezes `whitening/kernel`. Normalization has no scale. UserError for images under 9 pixels.
    Source: Jordan 2024, arXiv:2404.00498, section 3 and KellerJordan/cifar10-airbench. The published counts include the
    scales, fixed at 1: 1,972,792 parameters of airbench94 are 1,971,640 here.

    Options:
        widths: channels of each group.
        depth: convolutions of each group; the third makes it residual.
        momentum: fraction of the running statistics that is kept at each step.
        logit_scale: factor on the logits (1/256 with Muon).
        kernel_init: of the 3x3 convolutions.
        head_init: of the last layer (normal(1) with Muon).
    """

    num_classes: int = 10
    widths: tuple[int, int, int] = (64, 256, 256)
    depth: int = 2
    momentum: float = 0.6
    logit_scale: float = 1 / 9
    activation: str = "gelu"
    kernel_init: str = "dirac"
    head_init: str = "torch_uniform"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        check_images(images, "airbench", side=9)
        torch_uniform = initializer("torch_uniform")
        conv = partial(
            Conv,
            kernel_size=(3, 3),
            padding=1,
            use_bias=False,
            dtype=self.dtype,
            kernel_init=initializer(self.kernel_init),
        )
        norm = partial(
            BatchNorm,
            use_running_average=not train,
            use_scale=False,
            momentum=self.momentum,
            epsilon=1e-12,
            dtype=self.dtype,
        )
        act = activation(self.activation)
        whiten = Conv(
            2 * 2 * 2 * images.shape[-1],
            (2, 2),
            padding="VALID",
            dtype=self.dtype,
            kernel_init=torch_uniform,
            name="whitening",
        )
        x = act(whiten(images))
        for index, width in enumerate(self.widths, 1):
            x = AirbenchGroup(width, self.depth, train, conv, norm, act, name=f"group{index}")(x)
        init = initializer(self.head_init)
        head = nn.Dense(self.num_classes, use_bias=False, dtype=self.dtype, kernel_init=init, name="head")
        return self.logit_scale * head(x.max(axis=(1, 2))).astype(jnp.float32)


MODELS = {
    "airbench94": partial(Airbench),
    "airbench95": partial(Airbench, widths=(128, 384, 384)),
    "airbench96": partial(Airbench, widths=(128, 384, 512), depth=3, momentum=0.9),
}
