"""Flax as it comes: networks, step and process as its users write them, nothing of jaxcnn."""

from collections.abc import Callable
from functools import partial
from typing import Any

import flax
import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from flax.training import train_state

from experiments.bench.nets import CHANNELS, CLASSES, LEARNING_RATE, MOMENTUM, NETS, SIDE, WEIGHT_DECAY

VERSION = f"flax {flax.__version__} on jax {jax.__version__}"
Array = jax.Array


class Airbench94(nn.Module):
    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        conv = partial(nn.Conv, kernel_size=(3, 3), padding=1, use_bias=False)
        norm = partial(nn.BatchNorm, use_running_average=not train, momentum=0.6, epsilon=1e-12, use_scale=False)
        gelu = partial(nn.gelu, approximate=False)
        x = gelu(nn.Conv(24, (2, 2), padding="VALID", name="whitening")(x))
        for width in (64, 256, 256):
            x = gelu(norm()(nn.max_pool(conv(width)(x), (2, 2), strides=(2, 2))))
            x = gelu(norm()(conv(width)(x)))
        return nn.Dense(CLASSES, use_bias=False)(x.max(axis=(1, 2))) / 9


class BasicBlock(nn.Module):
    width: int
    stride: int
    project: bool

    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        conv = partial(nn.Conv, use_bias=False)
        norm = partial(nn.BatchNorm, use_running_average=not train, momentum=0.9)
        y = nn.relu(norm()(conv(self.width, (3, 3), strides=self.stride, padding=1)(x)))
        y = norm()(conv(self.width, (3, 3), padding=1)(y))
        if x.shape != y.shape and self.project:
            x = norm()(conv(self.width, (1, 1), strides=self.stride, padding=0)(x))
        elif x.shape != y.shape:
            more = self.width - x.shape[-1]
            x = jnp.pad(x[:, :: self.stride, :: self.stride], ((0, 0), (0, 0), (0, 0), (0, more)))
        return nn.relu(x + y)


class ResNet(nn.Module):
    blocks: tuple[int, ...]
    widths: tuple[int, ...]
    project: bool

    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        x = nn.Conv(self.widths[0], (3, 3), padding=1, use_bias=False)(x)
        x = nn.relu(nn.BatchNorm(use_running_average=not train, momentum=0.9)(x))
        for stage, (depth, width) in enumerate(zip(self.blocks, self.widths, strict=True)):
            for index in range(depth):
                x = BasicBlock(width, 2 if stage and not index else 1, self.project)(x, train)
        return nn.Dense(CLASSES)(x.mean(axis=(1, 2)))


class VGG16(nn.Module):
    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        for depth, width in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
            for _ in range(depth):
                x = nn.Conv(width, (3, 3), padding=1)(x)
                x = nn.relu(nn.BatchNorm(use_running_average=not train, momentum=0.9)(x))
            x = nn.max_pool(x, (2, 2), strides=(2, 2))
        return nn.Dense(CLASSES)(x.reshape(x.shape[0], -1))


class MobileNetV1(nn.Module):
    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        def unit(x: Array, width: int, side: int, stride: int = 1, groups: int = 1) -> Array:
            conv = nn.Conv(width, (side, side), stride, padding=side // 2, feature_group_count=groups, use_bias=False)
            return nn.relu(nn.BatchNorm(use_running_average=not train, momentum=0.9)(conv(x)))

        x = unit(x, 32, 3)
        rows = (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1)
        for width, stride in rows:
            x = unit(unit(x, x.shape[-1], 3, stride, groups=x.shape[-1]), width, 1)
        return nn.Dense(CLASSES)(x.mean(axis=(1, 2)))


class QuickNet(nn.Module):
    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        conv = partial(nn.Conv, padding=1, use_bias=False)
        norm = partial(nn.BatchNorm, use_running_average=not train, momentum=0.9)
        x = nn.relu(norm()(conv(32, (4, 4), strides=2)(x)))
        for width in (64, 128):
            x = nn.relu(norm()(nn.max_pool(conv(width, (3, 3))(x), (2, 2), strides=(2, 2))))
            x = x + nn.relu(norm()(conv(width, (3, 3))(x)))
        return nn.Dense(CLASSES, use_bias=False)(x.max(axis=(1, 2))) / 8


class DnCNN(nn.Module):
    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        y = nn.relu(nn.Conv(64, (3, 3), padding=1)(x))
        for _ in range(15):
            y = nn.Conv(64, (3, 3), padding=1, use_bias=False)(y)
            y = nn.relu(nn.BatchNorm(use_running_average=not train, momentum=0.9)(y))
        return x - nn.Conv(CHANNELS, (3, 3), padding=1, use_bias=False)(y)


class UNet(nn.Module):
    @nn.compact
    def __call__(self, x: Array, train: bool) -> Array:
        def twice(x: Array, width: int) -> Array:
            for _ in range(2):
                x = nn.Conv(width, (3, 3), padding=1, use_bias=False)(x)
                x = nn.relu(nn.BatchNorm(use_running_average=not train, momentum=0.9)(x))
            return x

        carried = []
        for width in (64, 128, 256, 512, 1024):
            x = twice(nn.max_pool(x, (2, 2), strides=(2, 2)) if carried else x, width)
            carried.append(x)
        for kept in carried[-2::-1]:
            x = nn.ConvTranspose(kept.shape[-1], (2, 2), strides=(2, 2))(x)
            x = twice(jnp.concatenate([kept, x], axis=-1), kept.shape[-1])
        return nn.Conv(CHANNELS, (1, 1))(x)


MODELS: dict[str, Callable[[], nn.Module]] = {
    "airbench94": Airbench94,
    "resnet20": partial(ResNet, (3, 3, 3), (16, 32, 64), project=False),
    "resnet18": partial(ResNet, (2, 2, 2, 2), (64, 128, 256, 512), project=True),
    "vgg16_bn": VGG16,
    "mobilenet_v1": MobileNetV1,
    "quicknet": QuickNet,
    "dncnn": DnCNN,
    "unet": UNet,
}


class TrainState(train_state.TrainState):
    batch_stats: Any


def loss_of(outputs: Array, targets: Array) -> Array:
    if targets.ndim > 1:
        return jnp.square(outputs - targets).mean()
    return optax.softmax_cross_entropy_with_integer_labels(outputs, targets).mean()


@jax.jit
def train_step(state: TrainState, images: Array, targets: Array) -> tuple[TrainState, Array]:
    def objective(params: Any) -> tuple[Array, Any]:
        variables = {"params": params, "batch_stats": state.batch_stats}
        outputs, updated = state.apply_fn(variables, images, train=True, mutable=["batch_stats"])
        return loss_of(outputs, targets), updated["batch_stats"]

    (loss, batch_stats), gradient = jax.value_and_grad(objective, has_aux=True)(state.params)
    return state.apply_gradients(grads=gradient, batch_stats=batch_stats), loss


def build(net: str, batch: int, dtype: str) -> Callable[[], None]:
    """Forward, loss, backward and optimizer, on one batch that stays where it is."""
    model = MODELS[net]()
    images = jax.random.normal(jax.random.key(0), (batch, SIDE, SIDE, 3), dtype)
    targets = jnp.zeros_like(images) if NETS[net].picture else jnp.arange(batch) % CLASSES
    variables = model.init(jax.random.key(1), images[:1], train=False)
    state = TrainState.create(
        apply_fn=model.apply, params=variables["params"], tx=_optimizer(net), batch_stats=variables["batch_stats"]
    )

    def step() -> None:
        nonlocal state
        state, loss = train_step(state, images, targets)
        jax.block_until_ready((state, loss))

    return step


def _optimizer(net: str) -> optax.GradientTransformation:
    descent = optax.chain(optax.add_decayed_weights(WEIGHT_DECAY), optax.sgd(LEARNING_RATE, MOMENTUM, nesterov=True))
    frozen = NETS[net].frozen

    def label(path: Any, _: Any) -> str:
        return "frozen" if jax.tree_util.keystr(path, simple=True, separator="/") in frozen else "trained"

    def labels(params: Any) -> Any:
        return jax.tree_util.tree_map_with_path(label, params)

    return optax.multi_transform({"trained": descent, "frozen": optax.set_to_zero()}, labels)


def product(side: int, dtype: str) -> Callable[[], None]:
    matrix = jax.random.normal(jax.random.key(0), (side, side)).astype(dtype)
    multiply = jax.jit(jnp.matmul)
    return lambda: jax.block_until_ready(multiply(matrix, matrix))
