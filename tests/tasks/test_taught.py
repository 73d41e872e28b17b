"""Distillation: the loss in closed form, and runs that learn from a run."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from helpers.runs import assert_same, newest_state, stop_at
from helpers.steps import assert_close, step_over
from helpers.tiny import tiny_config, untrained_run
from jaxcnn import fit
from jaxcnn.assemble import Training, assemble
from jaxcnn.config import Config, LossConfig
from jaxcnn.config_json import changed
from jaxcnn.console.signals import Stopped
from jaxcnn.data.for_run import load_images
from jaxcnn.data.preprocess import normalizer
from jaxcnn.errors import UserError
from jaxcnn.runs.load import load
from jaxcnn.tasks.taught import Taught, distance

RNG = np.random.default_rng(0)
STUDENT, TEACHER = RNG.normal(size=(5, 10)), 3 * RNG.normal(size=(5, 10))
T = 4.0


def test_the_distance_is_hintons_with_the_square_of_the_temperature():
    p, q = softmax(TEACHER / T, -1), log_softmax(STUDENT / T, -1)
    expected = T**2 * (p * (np.log(p) - q)).sum(-1)
    np.testing.assert_allclose(distance(jnp.asarray(STUDENT), jnp.asarray(TEACHER), T), expected, rtol=1e-5)


def test_at_a_high_temperature_it_compares_centered_logits():
    """Hinton et al. 2015, equation 4: the gradient is the difference of the logits over the number of classes."""
    gradient = jax.grad(lambda z: distance(z, jnp.asarray(TEACHER, jnp.float32), 1e3).sum())
    centered = (STUDENT - STUDENT.mean(-1, keepdims=True)) - (TEACHER - TEACHER.mean(-1, keepdims=True))
    np.testing.assert_allclose(gradient(jnp.asarray(STUDENT, jnp.float32)), centered / 10, atol=2e-2)


@pytest.fixture(autouse=True)
def quickly_compiled() -> Iterator[None]:
    """Less time for programs that run once."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with batch norm and statistics of its own, whose images were normalized in another way."""
    home = tmp_path_factory.mktemp("taught") / "teacher"
    config = replace(tiny_config(home), model="quicknet:stem=2,widths=(4,)")
    untrained_run(changed(config, {"data.normalization": "scale"}), 20, 40)
    return home


@pytest.fixture
def student(teacher: Path, tmp_path: Path) -> Callable[..., Config]:
    def chosen(**changes: object) -> Config:
        base = replace(tiny_config(tmp_path / "student"), model="softmax", loss=LossConfig(teacher=str(teacher)))
        return replace(base, **changes)  # type: ignore[arg-type]

    return chosen


def assembled(config: Config) -> Training:
    return assemble(config, load_images(config))


def test_the_teacher_answers_as_it_would_be_asked(student, teacher: Path):
    """In evaluation, on the given images, normalized by its own statistics."""
    training = assembled(student())
    images = training.images.dataset.images[:6]
    assert training.recipe.teach is not None
    targets = training.recipe.teach(training.device_data().teacher, jnp.asarray(images), jnp.zeros(6, jnp.int32))
    assert isinstance(targets, Taught)
    run = load(teacher)
    asked = run.model.apply(run.variables, normalizer(run.config, run.data)(jnp.asarray(images)), train=False)
    np.testing.assert_array_equal(targets.logits, asked)


@pytest.mark.slow
def test_parts_devices_and_accumulation_change_nothing_but_rounding(student):
    training = assembled(student())
    pool, indices = training.device_data(), np.arange(32)
    one, sums = step_over(training.recipe, 1)(training.initial_state(), pool, indices)
    four, others = step_over(training.recipe, 4)(training.initial_state(), pool, indices)
    assert_close((one.params, sums["loss"]), (four.params, others["loss"]), 2e-4)
    accumulated = replace(training.recipe, grad_accum_steps=4)
    parts, more = step_over(accumulated, 1)(training.initial_state(), pool, indices)
    assert_close((one.params, sums["loss"]), (parts.params, more["loss"]), 2e-4)


def test_of_weight_zero_it_is_the_training_without_a_teacher(student):
    weightless = assembled(student(loss=replace(student().loss, teacher_weight=0.0)))
    plain = assembled(student(loss=LossConfig()))
    states = [
        step_over(each.recipe, 1)(each.initial_state(), each.device_data(), np.arange(32))[0]
        for each in (weightless, plain)
    ]
    assert_close(states[0].params, states[1].params, 1e-6)


def test_a_run_resumes_bit_for_bit_and_not_with_another_teacher(student, teacher: Path, tmp_path: Path, monkeypatch):
    unbroken = student(folder=str(tmp_path / "unbroken"))
    fit.fit(unbroken)
    before = {path: path.stat().st_mtime_ns for path in teacher.rglob("*") if path.is_file()}
    with monkeypatch.context() as patch:
        stop_at(patch, 13)
        with pytest.raises(Stopped):
            fit.fit(student())
    moved = tmp_path / "moved"
    shutil.move(student().folder, moved)
    shutil.copytree(moved, student().folder)
    fit.fit(student())
    assert_same(newest_state(unbroken.folder), newest_state(student().folder))
    assert before == {path: path.stat().st_mtime_ns for path in teacher.rglob("*") if path.is_file()}
    said = json.loads((moved / "teacher.json").read_text())
    (moved / "teacher.json").write_text(json.dumps(said | {"digest": "0" * 12}))
    with pytest.raises(UserError, match="other weights than when the run"):
        fit.fit(student(folder=str(moved)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss.teacher": "runs/nothing"}, "loss.teacher: 'runs/nothing' is neither the folder of a run"),
        ({"loss.teacher": "weights.safetensors"}, "name the folder of a run"),
        ({"data.classes": ("1", "2")}, "knows the classes 0, 1, 2"),
        ({"task": "autoencode", "model": "autoencoder:widths=(4,8),code=5"}, "loss.teacher is for the task"),
        ({"loss.teacher": "", "loss.temperature": 2.0}, "loss.temperature is set and loss.teacher is not"),
        ({"loss.temperature": 0.0}, "loss.temperature must be greater than 0"),
        ({"loss.teacher": "pretrained:nothing"}, "unknown pretrained network"),
    ],
)
def test_teachers_that_cannot_teach(student, changes, message: str):
    with pytest.raises(UserError, match=message):
        assembled(changed(student(), changes))


def test_a_checkpoint_may_be_named(student, teacher: Path):
    def digest(at: str) -> str:
        found = assembled(student(loss=LossConfig(teacher=f"{teacher}{at}"))).teacher
        assert found is not None
        return found.report["digest"]

    digests = {at: digest(at) for at in ("@20", "@40", "")}
    assert digests["@20"] != digests["@40"] == digests[""]
