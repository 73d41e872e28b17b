"""NASNet-A: two cells found by search on CIFAR-10, stacked."""

from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn
from jax.typing import DTypeLike

from jaxcnn.errors import lookup
from jaxcnn.layers import (
    BatchNorm,
    Conv,
    ConvNorm,
    Head,
    SeparableConv,
    activation,
    avg_pool,
    check_images,
    initializer,
)
from jaxcnn.layers.activations import Activation
from jaxcnn.layers.factorized_reduction import FactorizedReduction
from jaxcnn.models.nasnet_cell import NORMAL, REDUCTION, Make, NASNetCell, Plan

STEMS = {"cifar": (1, "SAME", ()), "imagenet": (2, "VALID", (4, 2))}  # stride, padding, divisors of two cells' filters


class Auxiliary(nn.Module):
    """A classifier on the map inside the network: [B, H, W, C] -> logits [B, num_classes]."""

    num_classes: int
    unit: Make
    act: Activation
    dtype: DTypeLike

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.act(self.unit(128, 1, name="conv1")(avg_pool(x, (5, 5), strides=(3, 3))))
        x = self.act(self.unit(768, x.shape[1:3], padding="VALID", name="conv2")(x))
        return Head(self.num_classes, dtype=self.dtype, name="head")(x)


class NASNet(nn.Module):
    """A stem and three stages of cells, a reduction between two: [B, H, W, C] -> logits [B, num_classes].

    With `auxiliary` in training: (logits, (logits of the head on the second stage,)); the loss adds
    `auxiliary_weight` times its own. UserError for images too small.
    Source: Zoph et al. 2018, arXiv:1707.07012, figures 2 and 4, and tensorflow/models' slim code. A name "6@768" is 6
    cells a stage and 768 channels in the end, 24 times `filters`. The paper's 27.6 million parameters of 7@2304 do not
    come out of the published code, which has 32,590,954 for `cells=7, filters=96`; 4@1056, 6@4032 and 6@768 do.

    Options:
        cells: normal cells of each stage.
        filters: channels of a cell's operations in the first stage, doubled at each reduction.
        stem, stem_width: `cifar` or `imagenet` (two more reduction cells); channels of the first convolution.
        skip_reduction: the cell after a reduction takes its second input from before the reduction's.
        count_padding: averages of stride 2 count the zeros beyond the edge, as timm's do and TensorFlow's do not.
        auxiliary: build the auxiliary head.
        dropout: dropout rate of the last features in training.
        drop_path: rate at which examples lose an operation in the last cell; it grows linearly from 0 with depth.

    The call's `progress` in [0, 1] is a factor on `drop_path`: the paper's schedule is step / steps.
    """

    auxiliary_weight: ClassVar[float] = 0.4

    num_classes: int = 10
    cells: int = 6
    filters: int = 32
    stem: str = "cifar"
    stem_width: int = 96
    skip_reduction: bool = False
    epsilon: float = 1e-5
    count_padding: bool = False
    auxiliary: bool = False
    dropout: float = 0.0
    drop_path: float = 0.4
    activation: str = "relu"
    kernel_init: str = "he_normal_fan_out"
    dtype: DTypeLike = jnp.float32

    @nn.compact
    def __call__(self, images: jax.Array, train: bool = False, progress: float | jax.Array = 1.0):
        stride, padding, divisors = lookup(STEMS, self.stem, "stem")
        check_images(images, "nasnet", side=32 if divisors else 8)
        settings = {"dtype": self.dtype, "kernel_init": self.kernel_init}
        norm = partial(BatchNorm, use_running_average=not train, epsilon=self.epsilon, dtype=self.dtype)
        conv = partial(Conv, use_bias=False, dtype=self.dtype, kernel_init=initializer(self.kernel_init))
        unit = partial(ConvNorm, activation="identity", epsilon=self.epsilon, train=train, **settings)
        act = activation(self.activation)
        cell = partial(
            NASNetCell,
            train=train,
            unit=unit,
            separable=partial(SeparableConv, padding="SAME", **settings),
            reduction=partial(FactorizedReduction, conv=conv, norm=norm),
            norm=norm,
            act=act,
            count_padding=self.count_padding,
        )
        total = len(divisors) + 3 * self.cells + 2
        outputs: list[Any] = [None, unit(self.stem_width, 3, stride, padding=padding, name="stem")(images)]

        def grow(plan: Plan, width: int, strides: int, previous: jax.Array | None, name: str) -> None:
            rate = self.drop_path * (len(outputs) - 1) / total
            outputs.append(cell(plan, width, strides, rate, name=name)(outputs[-1], previous, progress))

        auxiliary = ()
        for index, divisor in enumerate(divisors, 1):
            grow(REDUCTION, self.filters // divisor, 2, outputs[-2], f"stem_cell{index}")
        for stage in range(3):
            width, before = self.filters * 2**stage, outputs[-2]
            if stage:
                grow(REDUCTION, width, 2, before, f"reduction_cell{stage}")
            for index in range(1, self.cells + 1):
                skip = self.skip_reduction and index == 1
                grow(NORMAL, width, 1, before if skip else outputs[-2], f"cell{stage * self.cells + index}")
            if stage == 1 and self.auxiliary and (train or self.is_initializing()):
                extra = Auxiliary(self.num_classes, unit, act, self.dtype, name="auxiliary1")
                auxiliary = (extra(act(outputs[-1])),)
        logits = Head(self.num_classes, dropout=self.dropout, train=train, dtype=self.dtype, name="head")(
            act(outputs[-1])
        )
        return (logits, auxiliary) if auxiliary and train else logits


IMAGENET = partial(NASNet, stem="imagenet", epsilon=1e-3, dropout=0.5)
MODELS = {
    "nasnet_a": partial(NASNet),
    "nasnet_a_mobile_224": partial(IMAGENET, cells=4, filters=44, stem_width=32, drop_path=0.0),
    "nasnet_a_large_331": partial(
        IMAGENET, cells=6, filters=168, stem_width=96, skip_reduction=True, drop_path=0.3, count_padding=True
    ),
}
