"""The two cells of NASNet-A as data, and the module that runs one."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn

from jaxcnn.layers import DropPath, avg_pool, max_pool
from jaxcnn.layers.activations import Activation

Make = Callable[..., nn.Module]


class Plan(NamedTuple):
    """Five pairs of (operation, state), whose sums are the states 2 to 6, and the states that are joined in the end.

    State 0 is the output of the last cell, state 1 that of the cell before it.
    """

    pairs: tuple[tuple[tuple[str, int], tuple[str, int]], ...]
    joined: tuple[int, ...]


# Figure 4.
NORMAL = Plan(
    (
        (("sep5", 0), ("sep3", 1)),
        (("sep5", 1), ("sep3", 1)),
        (("avg", 0), ("id", 1)),
        (("avg", 1), ("avg", 1)),
        (("sep3", 0), ("id", 0)),
    ),
    (1, 2, 3, 4, 5, 6),
)
REDUCTION = Plan(
    (
        (("sep5", 0), ("sep7", 1)),
        (("max", 0), ("sep7", 1)),
        (("avg", 0), ("sep5", 1)),
        (("id", 3), ("avg", 2)),
        (("sep3", 2), ("max", 0)),
    ),
    (3, 4, 5, 6),
)
SEPARABLE = {"sep3": 3, "sep5": 5, "sep7": 7}


class NASNetCell(nn.Module):
    """One cell of a plan: [B, H, W, C] and the output before it -> [B, H / strides, W / strides, joined * width].

    `drop_path` times `progress` is the rate at which examples lose an operation, each its own; identities stay.
    """

    plan: Plan
    width: int
    strides: int
    drop_path: float
    train: bool
    unit: Make
    separable: Make
    reduction: Make
    norm: Make
    act: Activation
    count_padding: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, previous: jax.Array | None, progress: float | jax.Array) -> jax.Array:
        matched = x if previous is None else self.match(previous, x)
        states = [self.unit(self.width, 1, name="current")(self.act(x)), matched]
        for index, pair in enumerate(self.plan.pairs, 1):
            sides = zip(pair, ("left", "right"), strict=True)
            terms = [self.operate(states, *side, f"pair{index}_{name}", progress) for side, name in sides]
            states.append(sum(terms[1:], terms[0]))
        joined = enumerate((states[index] for index in self.plan.joined), 1)
        return jnp.concatenate([self.fit(state, states[-1], f"joined{place}") for place, state in joined], -1)

    def match(self, previous, x):
        if previous.shape[1:3] != x.shape[1:3]:
            return self.reduction(self.width, name="previous")(self.act(previous))
        if previous.shape[-1] != self.width:
            return self.unit(self.width, 1, name="previous")(self.act(previous))
        return previous

    def operate(self, states, kind, state, name, progress):
        x, strides = states[state], self.strides if state < 2 else 1
        if kind == "id":
            same = strides == 1 and x.shape[-1] == self.width
            return x if same else self.unit(self.width, 1, strides, name=name)(self.act(x))
        y = self.convolve(x, SEPARABLE[kind], strides, name) if kind in SEPARABLE else self.pool(x, kind, strides, name)
        return DropPath(self.drop_path, deterministic=not self.train, name=f"{name}_drop_path")(y, progress)

    def convolve(self, x, kernel, strides, name):
        for index, stride in enumerate((strides, 1), 1):
            x = self.separable(self.width, kernel, stride, name=f"{name}_separable{index}")(self.act(x))
            x = self.norm(name=f"{name}_norm{index}")(x)
        return x

    def pool(self, x, kind, strides, name):
        counted = strides > 1 and self.count_padding
        pool = {"avg": partial(avg_pool, count_include_pad=counted), "max": max_pool}[kind]
        x = pool(x, (3, 3), strides=(strides, strides), padding="SAME")
        return x if x.shape[-1] == self.width else self.unit(self.width, 1, name=name)(x)

    def fit(self, x, like, name):
        return x if x.shape == like.shape else self.unit(like.shape[-1], 1, name=name)(x)
