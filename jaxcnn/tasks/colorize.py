"""Give a gray picture its colors."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxcnn.errors import UserError
from jaxcnn.tasks.pictures import Restoration, restoration
from jaxcnn.tasks.task import Setting, Task

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in what is bright (ITU-R BT.601)."""
CHROMA_SCALE = 32.0
"""About the standard deviation of the chroma of photographs; the network puts out chroma in this unit."""


def luma(pictures: Array) -> Array:
    """[B, H, W, 3] -> [B, H, W, 1]."""
    return (pictures.astype(jnp.float32) * LUMA).sum(-1, keepdims=True)


def chroma(pictures: Array) -> Array:
    """Blue and red less luma: [B, H, W, 3] -> [B, H, W, 2]."""
    return pictures[..., 2::-2].astype(jnp.float32) - luma(pictures)


def join(bright: Array, colors: Array) -> Array:
    """The inverse: luma [B, H, W, 1] and chroma [B, H, W, 2] -> [B, H, W, 3]."""
    blue, red = colors[..., :1] + bright, colors[..., 1:] + bright
    green = (bright - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    return jnp.concatenate([red, green, blue], axis=-1)


def colorize(setting: Setting) -> Task:
    """The network sees luma, three times, and says chroma, two channels; the luma of its answer is the given one.

    The baseline is the gray picture. A mean over many possible colors is a pale one (Zhang et al. 2016,
    arXiv:1603.08511): PSNR rewards it. Whether a classifier takes the colors for real is a better question.
    """
    if setting.image_shape[-1] != 3:
        raise UserError(f"the task colorize needs pictures of three channels, not {setting.image_shape[-1]}")

    def gray(pictures: Array) -> Array:
        return jnp.repeat(luma(pictures), 3, axis=-1)

    return restoration(
        setting,
        "colorize",
        Restoration(
            lambda draw, pictures: gray(pictures),
            prepare=gray,
            baselines={"gray": [lambda given: given]},
            channels=2,
            join=lambda outputs, given: join(luma(given), CHROMA_SCALE * outputs),
            wanted=lambda pictures: chroma(pictures) / CHROMA_SCALE,
        ),
    )
