"""Experiments that train one network: each is a config whose names, options and rules fit its model."""

import re
from dataclasses import replace
from importlib import import_module

import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn

from helpers.processes import ROOT
from helpers.tiny import random_data
from jaxcnn import augment, freezing, optimizers, schedules, tasks
from jaxcnn.config import Config
from jaxcnn.config_json import from_dict, to_dict
from jaxcnn.durations import steps
from jaxcnn.models import construct
from jaxcnn.models.counts import count
from jaxcnn.tasks import Task
from jaxcnn.tasks.checks import check_settings

INFO = random_data(side=32).info
FOLDER = ROOT / "experiments"
RECIPES = sorted(path.stem for path in FOLDER.glob("*.py") if "main(CONFIG" in path.read_text())


LARGE = {"nasnet", "inception_resnet", "inception_v3", "densenet", "preact", "resnet110"}
EACH = pytest.mark.parametrize("name", [pytest.param(r, marks=[pytest.mark.slow] * (r in LARGE)) for r in RECIPES])


def built(config: Config) -> tuple[Task, nn.Module, tuple[int, ...]]:
    """The task and the model of a recipe, and the shape of what it sees."""
    side = config.data.image_size or 32
    info = replace(INFO, label_names=config.data.classes or INFO.label_names, image_shape=(side, side, 3))
    task = tasks.build(config, info)
    return task, construct.build(config.model, task.output_shape[-1], jnp.float32), tasks.network_input(config, task)


@EACH
def test_a_recipe_fits_together(name):
    module = import_module(f"experiments.{name}")
    config = module.CONFIG
    assert config.name == name
    assert from_dict(type(config), to_dict(config), "config.json") == config
    task, model, shape = built(config)
    check_settings(config, task, model, shape, 1)
    params = jax.eval_shape(model.init, jax.random.key(0), jnp.zeros((1, *shape)))["params"]
    spans, _ = freezing.spans(config.optimizer, params, {}, lambda when: steps(when, 100, 1000))
    optimizers.build(config.optimizer, schedules.build(config.schedule, 1000, 100), params, spans)
    decays = optimizers.decay_weights(config.optimizer, params)
    assert any(jax.tree.leaves(decays))
    augment.check(augment.build(config.augment, 10), (32, 32, 3))


@EACH
def test_a_docstring_says_command_cost_and_result_as_they_are(name):
    module = import_module(f"experiments.{name}")
    config, caption = module.CONFIG, module.__doc__ or ""
    assert all(f"\n{word}   " in caption for word in ("Command", "Result"))
    for short in re.findall(r"--duration (\w+)", caption):
        assert 0 < steps(short, 350) < steps(config.duration, 350)
    for millions in re.findall(r"([\d,.]+) M MACs per image", caption):
        _, model, shape = built(config)
        macs = count(model, shape).macs / 1e6
        assert float(millions.replace(",", "")) == pytest.approx(macs, rel=0.02)
