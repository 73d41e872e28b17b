"""The end of most networks: an average over the image and one dense layer."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.layers.initializers import initializer


class Head(nn.Module):
    """Average over the image if there is one left, dropout, a dense layer: [B, H, W, C] or [B, C] -> float32 logits.

    The parameter is `dense`. Source: Lin et al. 2014, arXiv:1312.4400, section 3.2.
    """

    num_classes: int
    dropout: float = 0.0
    train: bool = False
    kernel_init: str = "torch_uniform"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = x.mean(axis=(1, 2)) if x.ndim == 4 else x
        x = nn.Dropout(self.dropout, deterministic=not self.train)(x)
        kernel_init = initializer(self.kernel_init)
        return nn.Dense(self.num_classes, dtype=self.dtype, kernel_init=kernel_init, name="dense")(x).astype(
            jnp.float32
        )
