"""Every name that a config can hold runs through a real step of training and of evaluation."""

import inspect
import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from helpers.steps import step_over
from helpers.tiny import random_data
from jaxcnn import augment, losses, optimizers, schedules, train_state
from jaxcnn.assemble import Training, assemble
from jaxcnn.augment import tta
from jaxcnn.augment.warp import EDGES
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig, ScheduleConfig
from jaxcnn.config_json import changed
from jaxcnn.data.for_run import Images
from jaxcnn.data.pixels import NORMALIZATIONS
from jaxcnn.layers import ACTIVATIONS, AXIS, INITIALIZERS
from jaxcnn.layers.norm import NORMS
from jaxcnn.models import MODELS
from jaxcnn.models.convnet import POOLS
from jaxcnn.models.sizes import SIZES
from jaxcnn.parallel.devices import AXES
from jaxcnn.tasks.classification import classification
from jaxcnn.tasks.task import Setting, empty_sums, summarize
from jaxcnn.train_state import TrainState

CONFIG = Config(
    name="every",
    model="softmax",
    data=DataConfig(validation=10),
    optimizer=OptimizerConfig("sgd", 0.1),
    duration="4steps",
    batch_size=20,
)
CHANNELS = (3, 1)
SIZES_OF_A_BATCH = (20, 12)


@pytest.fixture(autouse=True)
def quickly_compiled() -> Iterator[None]:
    """A third less time for programs that run once."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module", params=CHANNELS, ids=["color", "gray"])
def images(request: pytest.FixtureRequest) -> Images:
    return random_data(request.param)


def one_step(config: Config, images: Images) -> Training:
    """A step of training and one of evaluation, whose numbers are checked."""
    training = assemble(config, images)
    state, pool, split = training.initial_state(), training.device_data(), training.devices.split
    before = jax.tree.map(np.array, state.params)
    examples = np.arange(config.batch_size)
    state, sums = training.train_step_at(0)(state, pool, split(examples))
    assert int(sums["bad_step"]) == train_state.NEVER
    assert float(sums["count"]) == config.batch_size
    assert float(sums["gradient_norm"]) > 0
    pairs = list(zip(*map(jax.tree.leaves, (before, state.params)), strict=True))
    assert all(np.isfinite(new).all() for _, new in pairs)
    assert any((old != new).any() for old, new in pairs)
    mask = (examples % 2).astype(np.float32)
    evaluated, _ = training.eval_step(train_state.evaluated_variables(state), pool, split(examples), split(mask))
    assert float(evaluated["count"]) == mask.sum()
    assert all(np.isfinite(value) for value in summarize(training.recipe.task, evaluated).values())
    return training


# Augmentations: one by one, and in chains that train

AUGMENTATIONS = [*augment.AUGMENTATIONS, *augment.MIXTURES, *(f"rotation:mode={mode}" for mode in EDGES)]
CHAINS = [tuple(AUGMENTATIONS[place : place + 4]) for place in range(0, len(AUGMENTATIONS), 4)]


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_every_augmentation_gives_images_of_the_same_shape_and_range(name: str, images: Images):
    chain = augment.build([name], classes=10)

    def augmented(batch: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
        keys = jax.random.split(jax.random.key(0), len(batch))
        return chain(augment.Draw(keys, keys, jnp.int32(0)), batch, labels)

    size, other = SIZES_OF_A_BATCH
    batch, labels = images.dataset.images[:size], images.dataset.labels[:size]
    seen, targets = jax.jit(augmented)(batch, labels)
    assert seen.shape == batch.shape
    assert seen.dtype in (jnp.uint8, jnp.float32)
    assert np.isfinite(seen).all()
    # Brightness and contrast may leave the range of bytes by their strength, as in the papers that use them.
    beyond = 0.5 * 255 if name in ("brightness", "contrast") else 0.01
    assert -beyond <= float(seen.min()) <= float(seen.max()) <= 255 + beyond
    assert np.any(np.asarray(seen) != batch)
    if name in augment.MIXTURES:
        np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-5)
    else:
        np.testing.assert_array_equal(targets, labels)
    fewer = jax.eval_shape(augmented, batch[:other], labels[:other])
    assert [array.shape for array in fewer] == [(other, *array.shape[1:]) for array in (seen, targets)]


@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
def test_every_augmentation_trains(chain: tuple[str, ...], images: Images):
    size = SIZES_OF_A_BATCH[images.info.image_shape[-1] % 2]
    one_step(replace(CONFIG, augment=chain, batch_size=size), images)


# Losses, each on a logit a class and on one logit; of mixtures in training and of labels in evaluation


@pytest.mark.parametrize("model", ["softmax", "neuron"])
@pytest.mark.parametrize("name", losses.LOSSES)
def test_every_loss_trains(name: str, model: str):
    loss = LossConfig(name, smoothing=0.1, l1=1e-4, l2=1e-4)
    config = replace(CONFIG, model=model, loss=loss, augment=("mixup",))
    one_step(config, random_data(classes=2 if model == "neuron" else 10))


# All else; one training tries a name of each catalog


def combinations() -> Iterator[tuple[str, ...]]:
    """Rows that hold every name of every catalog at least once."""
    catalogs: list[Any] = [ACTIVATIONS, INITIALIZERS, optimizers.OPTIMIZERS, schedules.SCHEDULES]
    catalogs += [NORMS, NORMALIZATIONS, tta.TTA, AXES]
    longest = max(map(len, catalogs))
    return itertools.islice(zip(*(itertools.cycle(list(catalog)) for catalog in catalogs), strict=True), longest)


@pytest.mark.parametrize("names", [pytest.param(names, id="-".join(names)) for names in combinations()])
def test_every_other_name_trains(names: tuple[str, ...]):
    activation, initializer, optimizer, schedule, norm, normalization, views, batch_norm = names
    options = f"activation={activation},kernel_init={initializer},norm={norm}"
    config = replace(
        CONFIG,
        model=f"convnet:widths=(),hidden=8,dropout=0.2,{options}",  # without convolutions: they take long to compile
        data=replace(CONFIG.data, normalization=normalization),
        optimizer=OptimizerConfig(optimizer, 0.01),
        schedule=ScheduleConfig(schedule),
    )
    one_step(changed(config, {"tta": views, "batch_norm": batch_norm}), random_data())


@pytest.mark.parametrize("pool", POOLS)
def test_every_pool_trains(pool: str):
    one_step(replace(CONFIG, model=f"convnet:widths=(4,),hidden=8,pool={pool}"), random_data())


# Models, at their own size: the step is traced, which finds whatever does not fit, and of small ones it is run


def smallest_of_each_class() -> set[str]:
    classes: dict[type, list[str]] = {}
    for name in MODELS:
        classes.setdefault(type(MODELS[name]()), []).append(name)
    return {min(names, key=lambda name: SIZES[name].parameters) for names in classes.values()}


LONG = (
    "nasnet",
    "inception",
    "densenet",
    "bn_inception",
    "googlenet",
    "xception",
    "efficientnet",
    "repvgg",
    "convnext",
    "regnet",
)
"""Families whose steps take seconds to trace."""

QUICK = {name for name in smallest_of_each_class() if not name.startswith(LONG)}


def traced_step(
    model: nn.Module, classes: int, shape: tuple[int, ...], batch: int = 2
) -> tuple[TrainState, TrainState, Any]:
    """States before and after a step, and the metrics: all of them shapes."""
    variables = jax.eval_shape(partial(train_state.initial_variables, model, image_shape=shape), jax.random.key(0))
    every = jax.tree.map(lambda _: True, variables)
    task = classification(Setting(shape, ("a",) * classes, LossConfig(), lambda x: x, lambda x: x))
    recipe = train_state.Recipe(
        model=model,
        optimizer=optax.sgd(0.1),
        task=task,
        empty_sums=empty_sums(task, shape),
        penalties=LossConfig(),
        trainable=every["params"],
        optimized=every["params"],
        moving=every["batch_stats"],
        decay_weights=every["params"],
        augment=augment.build((), 10),
        normalize=lambda images: images.astype(jnp.float32),
        steps_per_epoch=1,
        axis=AXIS,
        total_steps=10 if "progress" in inspect.signature(model).parameters else 0,
    )
    state = jax.eval_shape(partial(train_state.initial_state, recipe), variables, jax.random.key(0))
    pool = train_state.DeviceDataset(np.zeros((batch, *shape), np.uint8), np.zeros(batch, np.int32))
    after, sums = jax.eval_shape(step_over(recipe, 1), state, pool, np.arange(batch))
    return state, after, sums


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.slow]) for n in MODELS])
def test_every_model_fits_a_train_step(name: str):
    shape = SIZES[name].image
    classes = 2 if name == "neuron" else 1000 if shape[0] >= 224 else 10
    before, after, sums = traced_step(MODELS[name](num_classes=classes), classes, shape)
    jax.tree.map(lambda old, new: assert_like(old, new), before, after)
    assert sums["loss"].shape == ()


def assert_like(old: jax.ShapeDtypeStruct, new: jax.ShapeDtypeStruct) -> None:
    assert (old.shape, old.dtype) == (new.shape, new.dtype)


@pytest.mark.parametrize("name", ["mlp", "lenet5_1998", "lenet5", "cudaconvnet_quick", "convnet", "quicknet"])
def test_a_small_model_trains_at_its_own_size(name: str):
    side, _, channels = SIZES[name].image
    config = replace(CONFIG, model=name, batch_size=4, optimizer=OptimizerConfig("sgd", 0.01))
    one_step(config, random_data(channels, side))
