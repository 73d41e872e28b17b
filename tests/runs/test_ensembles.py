"""Ensembles of runs, and of the sub-networks that dropout leaves."""

from dataclasses import replace

import numpy as np
import pytest

import jaxcnn
from helpers.tiny import tiny_config
from jaxcnn.errors import UserError
from jaxcnn.fit import fit
from jaxcnn.runs import ensembles

PHOTOGRAPHS = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("members")
    models = {"a": "mlp:hidden=(16,),dropout=0.5", "b": "softmax"}
    for name, model in models.items():
        fit(replace(tiny_config(home / name), model=model, duration="4steps", augment=(), ema=0.0))
    return [home / name for name in models]


def test_an_ensemble_is_the_mean_of_its_members(folders):
    runs = [jaxcnn.load(folder) for folder in folders]
    both = jaxcnn.ensemble([folders[0], runs[1]])
    assert len(both) == 2
    expected = (runs[0].predict(PHOTOGRAPHS) + runs[1].predict(PHOTOGRAPHS)) / 2
    np.testing.assert_allclose(both.predict(PHOTOGRAPHS), expected, atol=1e-6)
    np.testing.assert_array_equal(jaxcnn.ensemble(folders[:1]).predict(PHOTOGRAPHS), runs[0].predict(PHOTOGRAPHS))


def test_members_must_tell_the_same_classes_apart(folders):
    run = jaxcnn.load(folders[0])
    other = replace(run, data=replace(run.data, label_names=("cat", "dog")))
    with pytest.raises(UserError, match="has cat, dog"):
        jaxcnn.ensemble([run, other])
    with pytest.raises(UserError, match="at least one run"):
        jaxcnn.ensemble([])


def test_monte_carlo_dropout_varies_about_the_network_and_only_by_its_seed(folders):
    run = jaxcnn.load(folders[0])
    samples = ensembles.monte_carlo(run, PHOTOGRAPHS, samples=60)
    assert samples.shape == (60, 20, 10)
    assert samples.std(0).mean() > 1e-3
    np.testing.assert_array_equal(samples[:2], ensembles.monte_carlo(run, PHOTOGRAPHS, samples=2))
    assert (samples[:2] != ensembles.monte_carlo(run, PHOTOGRAPHS, samples=2, seed=1)).any()
    # Dropout is unbiased in the logits, and here they are small, so the mean is near the network itself.
    assert abs(samples.mean(0) - run.predict(PHOTOGRAPHS)).mean() < samples.std(0).mean()


def test_a_network_without_dropout_is_refused(folders):
    with pytest.raises(UserError, match="has no dropout"):
        ensembles.monte_carlo(jaxcnn.load(folders[1]), PHOTOGRAPHS, samples=2)
