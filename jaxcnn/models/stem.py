"""How the residual and the dense networks begin, on small images and on large."""

from collections.abc import Callable

import jax
from flax import linen as nn

from jaxcnn.layers import max_pool

Make = Callable[..., nn.Module]


def run_stem(images: jax.Array, width: int, large: bool, unit: Make) -> jax.Array:
    """One convolution, `stem`: 3x3 on small images, [B, H, W, C] -> [B, H, W, width].

    On large ones it is 7x7 and a 3x3 max-pool follows, both of stride 2: [B, H, W, C] -> [B, H / 4, W / 4, width].
    Both pad every side alike, which "SAME" would not do. Source: He et al. 2015, arXiv:1512.03385, table 1.
    """
    if not large:
        return unit(width, 3, name="stem")(images)
    x = unit(width, 7, 2, name="stem")(images)
    return max_pool(x, (3, 3), strides=(2, 2), padding=((1, 1), (1, 1)))
