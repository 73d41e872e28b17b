"""Where the story starts: one neuron, a linear classifier, and a network of dense layers."""

from functools import partial

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import UserError
from jaxcnn.layers import BatchNorm, activation, initializer


class Neuron(nn.Module):
    """One sigmoid unit that tells two classes apart: [batch, ...] -> its logit [batch, 1].

    The sigmoid itself is in the loss; a positive logit means class 1. UserError unless `num_classes` is 2.
    Source: logistic regression; as a neuron, Rosenblatt 1958 with a smooth threshold.

    Options:
        kernel_init: initializer of the weights; the problem is convex, so zeros serve.
    """

    num_classes: int = 2
    kernel_init: str = "zeros"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        if self.num_classes != 2:
            raise UserError(
                f"neuron tells 2 classes apart, not {self.num_classes}; choose two classes of the data, "
                "or the model softmax"
            )
        head = nn.Dense(1, dtype=self.dtype, kernel_init=initializer(self.kernel_init), name="head")
        return head(_flat(images)).astype(jnp.float32)


class MLP(nn.Module):
    """Dense layers on the pixels: [batch, ...] -> logits [batch, num_classes].

    Source: Rumelhart, Hinton and Williams 1986; with no hidden layer it is softmax regression.

    Options:
        hidden: units of each hidden layer.
        activation: name of the activation after each hidden layer.
        kernel_init: name of the initializer of all weights.
        batch_norm: normalize each hidden layer before its activation.
        dropout: dropout rate of each hidden layer in training.
        reference_class: fix the first class's logit at zero and learn the others, which is all that a softmax needs.
    """

    num_classes: int = 10
    hidden: tuple[int, ...] = (512, 256)
    activation: str = "relu"
    kernel_init: str = "he_normal"
    batch_norm: bool = False
    dropout: float = 0.0
    reference_class: bool = False
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False) -> jax.Array:
        dense = partial(nn.Dense, dtype=self.dtype, kernel_init=initializer(self.kernel_init))
        act = activation(self.activation)
        x = _flat(images)
        for index, units in enumerate(self.hidden, 1):
            x = dense(units, name=f"dense{index}")(x)
            if self.batch_norm:
                x = BatchNorm(use_running_average=not train, dtype=self.dtype, name=f"norm{index}")(x)
            x = nn.Dropout(self.dropout, deterministic=not train, name=f"dropout{index}")(act(x))
        logits = dense(self.num_classes - self.reference_class, name="head")(x).astype(jnp.float32)
        return jnp.pad(logits, ((0, 0), (int(self.reference_class), 0)))


def _flat(images: jax.Array) -> jax.Array:
    return images.reshape(images.shape[0], -1)


MODELS = {
    "neuron": partial(Neuron),
    "softmax": partial(MLP, hidden=(), kernel_init="zeros"),
    "mlp": partial(MLP),
}
