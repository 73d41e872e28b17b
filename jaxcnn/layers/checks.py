"""Whether a model can take these images at all, said before a shape error deep inside it."""

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxcnn.errors import UserError


def check_images(images: jax.Array, model: str, side: int) -> None:
    """Raise UserError unless `images` is [batch, height, width, channel] with both sides at least `side` pixels."""
    if images.ndim != 4:
        raise UserError(
            f"{model} takes images [batch, height, width, channel], not an array of shape {list(images.shape)}; "
            "flat data suits the models neuron, softmax and mlp"
        )
    _, height, width, _ = images.shape
    if min(height, width) < side:
        raise UserError(
            f"{model} needs images of at least {side}x{side} pixels, not {height}x{width}: its pooling would leave "
            "nothing; pad or enlarge the images, or take a model that pools less (convnet, resnet20)"
        )


def check_depthwise(dtype: DTypeLike) -> None:
    """Raise UserError for float16, whose smallest number is 6e-8.

    By the published initializations a depthwise layer shrinks its input, and at the initial running statistics nothing
    undoes that: the last features of mobilenet_v2 are of 1e-8 (mobilenet_v1: 1e-18), and in float16 all logits are 0.
    """
    if dtype == jnp.float16:
        raise UserError(
            "depthwise networks leave the range of float16 (their logits would be 0): use bfloat16 or float32"
        )


def check_stages(model: str, **lengths: tuple[int, ...]) -> None:
    """Raise UserError unless the options that say something of each stage are of one length."""
    sizes = {name: len(values) for name, values in lengths.items()}
    if len(set(sizes.values())) > 1:
        said = " and ".join(f"{size} {name}" for name, size in sizes.items())
        raise UserError(f"{model}: {said} were given; each stage needs one of each")
