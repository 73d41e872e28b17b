"""A trained network read back, in whole and in part, and what its layers give."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxcnn
from helpers.tiny import tiny_config, untrained_run
from jaxcnn.data.preprocess import normalizer
from jaxcnn.errors import UserError
from jaxcnn.runs.checkpoints import Checkpoints
from jaxcnn.runs.load import _in_turn
from jaxcnn.runs.reading import read_variables


@pytest.fixture(scope="module")
def path(tmp_path_factory):

    config = tiny_config(tmp_path_factory.mktemp("run") / "run")
    config = replace(config, model="quicknet:stem=4,widths=(4,8)", ema=0.5)
    untrained_run(config, 20)
    return config.folder


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.uint8)


def test_only_what_is_asked_for_is_read_from_the_disk(path, monkeypatch):
    import orbax.checkpoint as ocp

    asked = []
    restore = ocp.PyTreeCheckpointer.restore

    def spy(self, directory, *, args):
        asked.append([leaf.shape for leaf in jax.tree.leaves(args.item)])
        return restore(self, directory, args=args)

    monkeypatch.setattr(ocp.PyTreeCheckpointer, "restore", spy)
    whole, part = jaxcnn.load(path), jaxcnn.load(path, only="stage1_norm1/*")
    assert [len(shapes) for shapes in asked] == [len(jax.tree.leaves(whole.variables)), 4]
    assert part.variables["params"].keys() == part.variables["batch_stats"].keys() == {"stage1_norm1"}
    jax.tree.map(
        np.testing.assert_array_equal,
        part.variables["batch_stats"]["stage1_norm1"],
        whole.variables["batch_stats"]["stage1_norm1"],
    )
    assert jax.tree.structure(jaxcnn.merge(whole.variables, part.variables)) == jax.tree.structure(whole.variables)
    with pytest.raises(UserError, match=r"only 'stage1_norm1/\*' of .* was loaded"):
        part.predict(IMAGES)
    assert jaxcnn.load(path, only="stem/conv/*").variables["batch_stats"] == {}


def test_a_bad_pattern_is_one_clear_error(path):
    with pytest.raises(
        UserError, match=r"only: the pattern 'stge1_conv1/\*' matches no parameter; did you mean 'stage1_conv1/"
    ):
        jaxcnn.load(path, only="stge1_conv1/*")


def test_a_run_without_moving_averages_is_read_in_part_as_well(tmp_path):
    variables = {"params": {"a": {"k": np.ones(2, np.float32)}, "b": {"k": np.ones(3, np.float32)}}, "batch_stats": {}}
    saver = Checkpoints(tmp_path, keep=1)
    saver.save(1, {**variables, "ema": None}, score=None)
    saver.close()
    part = read_variables(tmp_path, 1, "b/*")
    assert part.keys() == {"params", "batch_stats"}
    assert part["params"].keys() == {"b"}


def test_features_are_what_the_layer_gives(path):
    run = jaxcnn.load(path)
    many = np.concatenate([IMAGES] * 200)
    features = run.features(many, layer="stage1_conv2")
    assert features.shape == (600, 8, 8, 4)
    np.testing.assert_allclose(features[:3], run.features(IMAGES, layer="stage1_conv2"), rtol=1e-4, atol=1e-5)
    logits = run.features(IMAGES, layer="head") * run.model.logit_scale
    np.testing.assert_allclose(jax.nn.softmax(logits), run.predict(IMAGES), rtol=1e-4, atol=1e-6)
    assert run.features(IMAGES[:0], layer="stage1_conv2").shape == (0, 8, 8, 4)
    with pytest.raises(UserError, match=r"has no layer 'stage1_conv20': did you mean 'stage1_conv2'"):
        run.features(IMAGES, layer="stage1_conv20")


def test_images_are_enlarged_for_the_network_and_nobody_else(path):
    run = jaxcnn.load(path)
    larger = replace(run, config=replace(run.config, data=replace(run.config.data, upscale=48)))
    assert larger.features(IMAGES, layer="stem/conv").shape == (3, 24, 24, 4)
    even = np.full((1, 32, 32, 3), 77, np.uint8)
    enlarged, plain = (normalizer(each.config, each.data)(jax.numpy.asarray(even)) for each in (larger, run))
    assert enlarged.shape == (1, 48, 48, 3)
    np.testing.assert_allclose(enlarged[:, :32, :32], plain, rtol=1e-6)


def test_a_network_that_comes_with_the_package_answers_as_its_run_did():
    run = jaxcnn.load("pretrained:quicknet")
    assert run.data.label_names[:3] == ("airplane", "automobile", "bird")
    assert run.metrics["test_accuracy"] > 0.82
    assert run.predict(np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 10)
    with pytest.raises(UserError, match="quicknet"):
        jaxcnn.load("pretrained:quiknet")


def test_a_run_shows_itself_in_a_notebook(path):
    metrics: dict[str, Any] = {"test_accuracy": 0.91, "confusion": [[1]]}
    shown = replace(jaxcnn.load(path), metrics=metrics)._repr_html_()
    assert "quicknet:stem=4" in shown
    assert "<tr><th>test_accuracy</th><td>0.91</td></tr>" in shown
    assert "confusion" not in shown


def test_answers_come_in_order_and_at_most_two_parts_are_begun():
    begun = []

    def function(part: np.ndarray) -> jax.Array:
        begun.append(part)
        return jnp.asarray(part + 1)

    parts = _in_turn(function, [np.full(2, number) for number in range(5)])
    for number, result in enumerate(parts):
        np.testing.assert_array_equal(result, number + 1)
        assert len(begun) == min(number + 2, 5)
