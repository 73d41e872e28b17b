"""The experiments on fine-tuning: their rules fit their networks, and what they start from is trained first."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from experiments import cifar100_from_cifar10, finetune, imagenet_weights, vgg_progressive
from jaxcnn import freezing, train_state
from jaxcnn.config import Config
from jaxcnn.models import construct
from jaxcnn.sweep import Sweep, SweepOptions
from jaxcnn.sweep import run as sweep_run
from jaxcnn.sweep.launch import Outcome
from jaxcnn.weights.transfer import transfer

CLASSES = {"cifar10": 10, "cifar100": 100}


def shapes(config, value):
    """The variables of a config's network, all of them `value`."""
    classes = len(config.data.classes) or CLASSES[config.data.name]
    model = construct.build(config.model, classes, np.float32)
    abstract = jax.eval_shape(lambda key: train_state.initial_variables(model, key, (32, 32, 3)), jax.random.key(0))
    return jax.tree.map(lambda leaf: np.full(leaf.shape, value, leaf.dtype), abstract)


@pytest.mark.parametrize("experiment", [finetune, vgg_progressive, cifar100_from_cifar10])
def test_what_a_variation_takes_is_there_and_its_patterns_match(experiment):
    sweep = experiment.SWEEP
    (first,) = sweep.first
    source, seen = shapes(first, 1), set()
    for row in sweep.rows():
        config, kind = row.config, (row.config.model, row.config.init, row.config.optimizer)
        if kind in seen:
            continue
        seen.add(kind)
        target = shapes(config, 0)
        freezing.spans(config.optimizer, target["params"], target["batch_stats"], lambda when: 1)
        if config.init.source:
            assert config.init.source == f"runs/{first.name}"
            _, report = transfer(source, target, config.init.restore)
            assert len(report.loaded) + len(report.renamed) >= 0.4 * len(jax.tree.leaves(target))


def test_every_layer_of_the_shallow_vgg_has_its_place_in_the_deep_one():
    shallow = shapes(vgg_progressive.SHALLOW, 1)
    places = [(1, 1), (2, 1), (3, 1), (3, 2), (4, 1), (4, 2), (5, 1), (5, 2)]
    assert shallow["params"].keys() == {"head", *(f"stage{stage}_conv{index}" for stage, index in places)}
    for row in vgg_progressive.SWEEP.rows():
        if row.config.init.source:
            _, report = transfer(shallow, shapes(row.config, 0), row.config.init.restore)
            assert len(report.loaded) == len(jax.tree.leaves(shallow))
            assert not report.renamed


def test_the_imagenet_experiment_has_a_head_of_its_own():
    config = imagenet_weights.CONFIG
    source = shapes(replace(config, data=replace(config.data, name="cifar100")), 1)
    _, report = transfer(source, shapes(config, 0), config.init.restore)
    assert [entry.name for entry in report.initialized] == ["head/bias", "head/kernel"]


@pytest.mark.parametrize(("fails", "status", "trained"), [(False, 0, [["base"], ["a", "b"]]), (True, 1, [["base"]])])
def test_what_the_variations_start_from_is_trained_before_them(tmp_path, monkeypatch, fails, status, trained):
    calls = []

    def run(rows, options, home):
        calls.append([row.label for row in rows])
        return Outcome({rows[0]: "no luck"} if fails else {})

    base = Config(name="base")
    sweep = Sweep(name="s", base=base, first=(base,), variations={"a": {}, "b": {"batch_size": 64}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sweep_run, "_run", run)
    assert sweep_run.run_sweep(sweep, SweepOptions(seeds=1), "") == status
    assert calls == trained
