"""Runs that start from others: another head, another architecture, a step of a run; through `fit` and as commands."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

import jaxcnn
from helpers.processes import TINY, run_command
from helpers.tiny import tiny_config, untrained_run
from jaxcnn import assemble, fit
from jaxcnn.config import InitConfig
from jaxcnn.config_json import differences
from jaxcnn.data.for_run import load_images
from jaxcnn.errors import UserError
from jaxcnn.recorder import Recorder
from jaxcnn.runs import init_from
from jaxcnn.runs.folder import RunFolder

MODEL = "quicknet:stem=4,widths=(8,)"
HEAD = (("head/*", "init"), ("*", "load"))


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A run with checkpoints of its steps 10 and 20."""
    config = tiny_config(tmp_path_factory.mktemp("base") / "base")
    untrained_run(replace(config, model=MODEL, ema=0.0), 10, 20)
    return config.folder


@pytest.fixture
def tuned(tiny, base):
    """A run of five classes that starts from `base` and takes no step of any size."""
    classes = replace(tiny.data, classes=("0", "1", "2", "3", "4"), validation=50)
    still = replace(tiny.optimizer, learning_rate=0.0)
    same = {"model": MODEL, "augment": (), "ema": 0.0, "optimizer": still, "duration": "2steps"}
    return replace(tiny, data=classes, init=InitConfig(base, HEAD), **same)


def equal(a, b):
    return jax.tree.map(np.testing.assert_array_equal, a, b)


def test_a_run_starts_from_another_and_when_resumed_does_not_read_it_again(tuned, base, tmp_path, monkeypatch, capfd):
    gone = tmp_path / "gone"
    shutil.copytree(base, gone)
    config = replace(tuned, init=InitConfig(str(gone), HEAD), duration="4steps", checkpoint_every="2steps")
    pause = Recorder.evaluate_and_checkpoint

    def stop(self, step, state, evaluate, save):
        pause(self, step, state, evaluate, save)
        if step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "evaluate_and_checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            fit.fit(config)
    assert f"initialized     1 leaves {40:>13,} parameters" in capfd.readouterr().err
    path = Path(config.folder) / "init.json"
    kept, account = path.read_bytes(), json.loads(path.read_text())
    shutil.rmtree(gone)
    assert fit.fit(config)["steps"] == 4
    assert path.read_bytes() == kept

    before, after = jaxcnn.load(base).variables, jaxcnn.load(config.folder).variables
    for name in before["params"]:
        if name != "head":
            equal(before["params"][name], after["params"][name])
    assert after["params"]["head"]["kernel"].shape == (8, 5)
    assert account["from"] == f"{gone}, {MODEL} at step 20"
    assert account["initialized"]["names"] == account["skipped"]["names"] == ["head/kernel"]
    assert (account["initialized"]["parameters"], account["skipped"]["parameters"]) == (40, 80)
    assert account["loaded"]["leaves"] == len(jax.tree.leaves(before)) - 1


def test_the_first_state_is_that_of_the_step_that_was_named(tuned, base):
    images, states = load_images(tuned), {}
    for path, step in ((base, 20), (f"{base}@10", 10), (f"{base}@20", 20), ("", 0)):
        init = InitConfig(path, HEAD) if path else InitConfig()
        training = assemble.assemble(replace(tuned, init=init), images)
        variables, report = training.initial_variables()
        state = training.initial_state(variables)
        states[path] = {"params": state.params, "batch_stats": state.batch_stats}
        if path:
            assert report["from"].endswith(f"at step {step}")
            equal(state.batch_stats, jaxcnn.load(base, step=step).variables["batch_stats"])
    equal(states[base], states[f"{base}@20"])
    kernels = [state["params"]["stem"]["conv"]["kernel"] for state in states.values()]
    assert (kernels[0] != kernels[1]).any()
    equal(states[base]["params"]["head"], states[""]["params"]["head"])


def test_other_weights_before_the_first_checkpoint_are_refused(tuned):
    with RunFolder(tuned) as folder:
        folder.write_or_check_init({"from": "runs/a at step 20"})
        folder.write_or_check_init({"from": "runs/a at step 20"})
        with pytest.raises(UserError, match="was started from other weights"):
            folder.write_or_check_init({"from": "runs/a at step 30"})


@pytest.mark.parametrize(
    ("init", "message"),
    [
        (lambda base: InitConfig(base), r"head/kernel is \[8, 10\] there, \[8, 5\] here(.|\n)*'head/\*' init"),
        (lambda base: InitConfig(base + "@7", HEAD), "no checkpoint of step 7; it has 10, 20"),
        (lambda base: InitConfig(base + "@last", HEAD), "'last' of .* is not a step"),
        (lambda base: InitConfig("runs/none", HEAD), "'runs/none' is neither the folder of a run nor a .safetensors"),
        (lambda base: InitConfig(base[:-1] + "_", HEAD), r"nor a \.safetensors file: did you mean '.*/base'"),
        (lambda base: InitConfig("", HEAD), "init.restore is set but init.source is empty"),
    ],
)
def test_a_bad_source_is_one_clear_error_before_anything_is_written(tuned, base, init, message):
    with pytest.raises(UserError, match=message):
        fit.fit(replace(tuned, init=init(base)))
    assert not Path(tuned.folder).exists()


def test_the_command_says_which_rule_to_add(base, tmp_path):
    command = ["experiments.quickstart", *TINY, "--model", MODEL, "--data.classes", "0", "1", "--data.validation", "30"]
    refused = run_command(*command, "--folder", "tuned", "--init.source", base, cwd=tmp_path)
    assert refused.returncode == 2
    (hint,) = [line for line in refused.stderr.splitlines() if "--init.restore" in line]
    assert hint.endswith("--init.restore 'head/*' init '*' load")
    assert not (tmp_path / "tuned").exists()


@pytest.mark.parametrize("ours", ["standardize", "center", "imagenet"])
def test_weights_of_another_normalization_are_warned_of_with_what_to_type(tuned, base, ours, capfd):
    run = jaxcnn.load(base)
    config = replace(tuned, data=replace(tuned.data, normalization=ours), init=InitConfig(base))
    _, account = init_from.start(config, run.model, zeros(run.variables))
    said = capfd.readouterr().err
    if ours == "standardize":
        assert "WARNING" not in said
        assert "warnings" not in account
        return
    assert "WARNING: these weights were trained with data.normalization 'standardize'" in said
    (warning,) = account["warnings"]
    assert warning.endswith("add --data.normalization standardize")


def test_one_source_written_in_several_ways_is_one(tuned, base):
    folder = Path(base)
    written = [base, f"{base}/", f"{folder.parent}/./{folder.name}", f"{folder.parent}//{folder.name}"]
    configs = [replace(tuned, init=InitConfig(path, HEAD)) for path in written]
    accounts = [init_from.read(path, jaxcnn.load(base).model).what for path in written]
    assert len(set(accounts)) == 1
    for config in configs:
        assert differences(configs[0], config) == []
    other = replace(tuned, init=InitConfig(f"{base}@10", HEAD))
    assert differences(configs[0], other) == [f"init.source: {base}@10 there, {base} here"]


def test_weights_go_to_a_file_and_back(tuned, base, tmp_path):
    path = tmp_path / "w.safetensors"
    run = jaxcnn.load(base)
    run.save_weights(path)
    state, account = init_from.start(replace(tuned, init=InitConfig(str(path))), run.model, zeros(run.variables))
    equal(state, run.variables)
    assert account["loaded"]["leaves"] == len(jax.tree.leaves(run.variables))


def test_a_foreign_file_is_read_whatever_its_number_of_classes(tuned, tmp_path):
    from safetensors.numpy import save_file

    draw = np.random.default_rng(0)
    shapes = {"features.0.weight": (4, 3, 3, 3), "classifier.weight": (7, 4), "classifier.bias": (7,)}
    shapes |= {f"features.1.{entry}": (4,) for entry in ("weight", "bias", "running_mean", "running_var")}
    foreign = {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(foreign, tmp_path / "vgg.safetensors")
    ours = jaxcnn.MODELS["vgg11_bn"](num_classes=5, depths=(1,), widths=(4,), conv_bias=False)
    fresh = zeros(jax.eval_shape(ours.init, jax.random.key(0), np.zeros((1, 32, 32, 3), np.float32)))
    init = InitConfig(str(tmp_path / "vgg.safetensors"), HEAD)
    start, account = init_from.start(replace(tuned, init=init), ours, fresh)
    np.testing.assert_array_equal(
        start["params"]["stage1_conv1"]["kernel"], foreign["features.0.weight"].transpose(2, 3, 1, 0)
    )
    np.testing.assert_array_equal(start["batch_stats"]["stage1_norm1"]["var"], foreign["features.1.running_var"])
    assert account["skipped"]["parameters"] == 7 * 5
    assert account["initialized"]["parameters"] == 5 * 5


def zeros(variables):
    return jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), variables)
