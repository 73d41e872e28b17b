"""Every task through real steps of the real loop, and what all of them share."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers.steps import step_over
from helpers.task_specs import SPECS
from helpers.tiny import random_data
from jaxcnn import tasks, train, train_state
from jaxcnn.assemble import Training, assemble
from jaxcnn.config import Config, DataConfig, LossConfig, OptimizerConfig
from jaxcnn.errors import UserError
from jaxcnn.evaluate import evaluate, numbers
from jaxcnn.tasks import TASKS
from jaxcnn.tasks.task import summarize

IMAGES = random_data()
QUICK = {"classification", "sort:size=5", "rotation:head=vector", "denoise:sigma=25"}
CASES = pytest.mark.parametrize(
    "spec", [pytest.param(s, marks=[] if s in QUICK else [pytest.mark.slow]) for s in SPECS]
)


def config(spec: str, **changes: Any) -> Config:
    base = Config(
        name="task",
        model=SPECS[spec],
        task=spec,
        data=DataConfig(validation=10),
        optimizer=OptimizerConfig("sgd", 0.01),
        duration="4steps",
        batch_size=20,
    )
    return replace(base, **changes)


def step(training: Training, parts: int = 1) -> tuple[Any, Any]:
    indices = np.arange(training.config.batch_size)
    return step_over(training.recipe, parts)(training.initial_state(), training.device_data(), indices)


def test_every_task_has_a_case():
    assert {spec.partition(":")[0] for spec in SPECS} == set(TASKS)


@CASES
def test_every_task_trains_and_evaluates(spec: str):
    training = assemble(config(spec), IMAGES)
    state, sums = step(training)
    assert int(sums["bad_step"]) == train_state.NEVER
    assert float(sums["count"]) == 20
    assert float(sums["gradient_norm"]) > 0
    before = jax.tree.leaves(training.initial_state().params)
    assert any((old != new).any() for old, new in zip(before, jax.tree.leaves(state.params), strict=True))

    task, indices = training.recipe.task, np.arange(60, 80)
    evaluated = training.eval_step(
        train_state.evaluated_variables(state),
        training.device_data(),
        training.devices.split(indices),
        training.devices.split(np.ones(20)),
    )
    found = summarize(task, evaluated[0]) | (task.measure(*evaluated[1]) if task.measure else {})
    assert task.metric in found
    assert all(np.isfinite(value) for value in numbers(found).values())


@pytest.fixture(autouse=True)
def quickly_compiled() -> Iterator[None]:
    """A third less time for programs that run once."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@CASES
def test_four_devices_train_and_evaluate_as_one(spec: str):
    training = assemble(config(spec), IMAGES)
    one, four = step(training), step(training, parts=4)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(four), strict=True):
        if not jax.dtypes.issubdtype(a.dtype, jax.dtypes.prng_key):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4)
    whole, parts = evaluated(training, 1), evaluated(training, 4)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def evaluated(training: Training, parts: int) -> Any:
    variables = train_state.evaluated_variables(training.initial_state())
    one = partial(train.eval_step, training.recipe, variables, training.device_data())
    axis = training.recipe.axis
    split = np.arange(60, 80).reshape(parts, -1), np.ones((parts, 20 // parts))
    if parts == 1:
        return jax.tree.map(lambda x: x[0], jax.jit(jax.vmap(one, axis_name=axis))(*split))
    return jax.jit(jax.vmap(one, axis_name=axis, out_axes=None))(*split)


@pytest.mark.parametrize("spec", ["denoise:sigma=25", "turns"])
def test_the_draws_of_an_evaluation_belong_to_the_example(spec: str):
    training = assemble(config(spec), IMAGES)
    task = training.recipe.task
    images, labels = jnp.asarray(IMAGES.dataset.images), jnp.asarray(IMAGES.dataset.labels)

    def examples(indices: jax.Array) -> Any:
        return task.example(train.evaluation_draw(indices), images[indices], labels[indices])

    whole, last = examples(jnp.arange(20)), examples(jnp.array([19, 7]))
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(last), strict=True):
        np.testing.assert_array_equal(np.asarray(a)[[19, 7]], np.asarray(b))


def test_simclr_sees_two_views_of_each_image_and_no_label():
    simclr = config("embed:size=8", loss=LossConfig("simclr"), augment=("crop:padding=2", "flip"))
    training = assemble(simclr, IMAGES)
    _, sums = step(training)
    permuted = replace(IMAGES, dataset=replace(IMAGES.dataset, labels=IMAGES.dataset.labels[::-1].copy()))
    _, other = step(assemble(simclr, permuted))
    assert float(sums["loss"]) == float(other["loss"]) > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "denois"}, "denoise"),
        ({"task": "denoise:sigm=3"}, "sigma"),
        ({"task": "classification"}, "as many channels"),
        ({"model": "softmax"}, r"needs 16 x 16 x 3 .* use one of dncnn"),
        ({"task": "classification", "model": "unet:widths=(4,8)"}, "ends in a dense layer"),
        ({"loss": LossConfig("cross_entropy")}, "loss of the task denoise"),
        ({"loss": LossConfig(smoothing=0.1)}, "smoothing"),
        ({"augment": ("mixup",)}, "mixes the classes"),
        ({"tta": "flip"}, "tta none"),
        ({"task": "sort:size=6", "model": "softmax"}, "multiple of 6"),
        ({"task": "rotation:degrees=0", "model": "softmax"}, "largest turn"),
        ({"task": "super_resolve:factor=3"}, "divide 16 and 16"),
        ({"task": "inpaint:hole=16"}, "inside 16 x 16"),
        ({"task": "one_against_rest:positive=cat", "model": "softmax"}, "no class 'cat'"),
    ],
)
def test_settings_that_do_not_fit_the_task(changes: dict[str, Any], message: str):
    with pytest.raises(UserError, match=message):
        assemble(config("denoise:sigma=25", **changes), IMAGES)


def test_a_task_is_built_without_a_mapped_axis_to_predict():
    task = tasks.build(config("super_resolve"), IMAGES.info)
    small = jnp.zeros((3, 8, 8, 3), jnp.uint8)
    answer = task.answer(jnp.zeros((3, 16, 16, 3)), small)
    assert (answer.shape, answer.dtype) == ((3, 16, 16, 3), np.uint8)


def test_lists_are_evaluated_in_a_fixed_mixed_order_each_example_once():
    """Data may be ordered by class, and a list of one class has no order."""
    training = assemble(config("sort:size=5"), IMAGES)
    seen: list[np.ndarray] = []

    def spy(variables: Any, data: Any, indices: np.ndarray, mask: np.ndarray) -> Any:
        seen.append(indices.reshape(-1)[mask.reshape(-1) > 0])
        return training.eval_step(variables, data, indices, mask)

    watched = replace(training, eval_step=spy)  # type: ignore[arg-type]
    variables = train_state.evaluated_variables(training.initial_state())
    results = [evaluate(watched, variables, training.device_data(), np.arange(60, 80)) for _ in range(2)]
    assert sorted(seen[0]) == list(range(60, 80))
    assert seen[0].tolist() == seen[1].tolist() != list(range(60, 80))
    assert results[0] == results[1]
