"""The end of most networks: an average over the image and one dense layer."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxcnn.layers.initializers import Initializer, initializer


class Head(nn.Dense):
    """Average over the image if there is one left, dropout, a dense layer: [B, H, W, C] or [B, C] -> float32 logits.

    Source: Lin et al. 2014, "Network in Network", arXiv:1312.4400, section 3.2.

    Options, besides those of `nn.Dense`:
        dropout: dropout rate of the features in training.
    """

    kernel_init: Initializer = initializer("torch_uniform")
    dropout: float = 0.0
    train: bool = False

    @nn.compact
    def __call__(self, inputs: jax.Array) -> jax.Array:
        x = inputs.mean(axis=(1, 2)) if inputs.ndim == 4 else inputs
        x = nn.Dropout(self.dropout, deterministic=not self.train, name="dropout")(x)
        return super().__call__(x).astype(jnp.float32)
