"""`python -m jaxcnn export`: what it writes is read by other programs, and answers the same."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import onnxruntime
import pytest
from jax import export as jax_export

import jaxcnn
from helpers.tiny import tiny_config, untrained_run
from jaxcnn.__main__ import main
from jaxcnn.export.elements import ELEMENTS
from jaxcnn.weights import read_safetensors


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a network that torchvision has the names of; it computes in bfloat16, and looks at views."""
    folder = tmp_path_factory.mktemp("exported") / "run"
    config = replace(tiny_config(folder), model="resnet18:blocks=(1,1),widths=(4,8)", dtype="bfloat16", tta="flip")
    untrained_run(config, 40)
    return folder


def by_onnxruntime(path: Path, images: np.ndarray) -> np.ndarray:
    (answers,) = onnxruntime.InferenceSession(path).run(None, {"images": images})
    return np.asarray(answers)


def images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 32, 32, 3), np.uint8)


def test_onnx_answers_as_the_network_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "quicknet.onnx"
    assert main(["export", "pretrained:quicknet", str(path)]) == 0
    assert "uint8 [batch, 32, 32, 3] -> answers float32 [batch, 10]" in capsys.readouterr().out
    session, network = onnxruntime.InferenceSession(path), jaxcnn.load("pretrained:quicknet")
    for count in (1, 7):
        np.testing.assert_allclose(by_onnxruntime(path, images(count)), network.predict(images(count)), atol=2e-3)
    facts = session.get_modelmeta().custom_metadata_map
    assert json.loads(facts["classes"]) == list(network.task.class_names)
    assert facts["model"].startswith("quicknet")


def test_a_run_in_bfloat16_with_views_is_exported_in_float32(run: Path, tmp_path: Path):
    assert main(["export", str(run), str(tmp_path / "a.onnx")]) == 0
    found = by_onnxruntime(tmp_path / "a.onnx", images(3))
    np.testing.assert_allclose(found, jaxcnn.load(run).predict(images(3)), atol=0.02)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)


READER = """
import sys
import jax.export, numpy
program = jax.export.deserialize(bytearray(open(sys.argv[1], "rb").read()))
numpy.save(sys.argv[3], program.call(numpy.load(sys.argv[2])))
assert not [name for name in sys.modules if name.startswith("jaxcnn")]
"""


def test_stablehlo_runs_without_jaxcnn_on_any_batch_and_platform(run: Path, tmp_path: Path):
    path = tmp_path / "a.stablehlo"
    assert main(["export", str(run), str(path)]) == 0
    np.save(tmp_path / "in.npy", images(5))
    command = [sys.executable, "-c", READER, str(path), str(tmp_path / "in.npy"), str(tmp_path / "out.npy")]
    subprocess.run(command, check=True, cwd=tmp_path)
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), jaxcnn.load(run).predict(images(5)), atol=0.02)
    program = jax_export.deserialize(bytearray(path.read_bytes()))
    assert {"cpu", "cuda", "tpu"} <= set(program.platforms)
    assert "onednn" not in program.mlir_module()


def test_weights_by_torchvisions_names_are_imported_back(run: Path, tmp_path: Path):
    path = tmp_path / "a.safetensors"
    assert main(["export", str(run), str(path), "--to", "torchvision"]) == 0
    entries = read_safetensors(path)
    assert entries["conv1.weight"].shape == (4, 3, 3, 3)
    assert entries["layer2.0.downsample.1.num_batches_tracked"].dtype == np.int64
    loaded = jaxcnn.load(run)
    again = jaxcnn.import_weights(loaded.model, path, (32, 32, 3)).variables
    jax.tree.map(np.testing.assert_array_equal, again, loaded.variables)


def test_our_own_names_are_the_default(run: Path, tmp_path: Path):
    assert main(["export", str(run), str(tmp_path / "a.safetensors")]) == 0
    assert "params/stage2_block1/shortcut/conv/kernel" in read_safetensors(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.pt"], "one of .onnx, .stablehlo, .safetensors"),
        (["a.onnx", "--to", "torchvision"], "write them to a .safetensors file"),
        (["there.onnx"], "there.onnx exists: choose another name"),
        (["a.safetensors", "--to", "torchvison"], "did you mean 'torchvision'"),
        (["no/such/folder/a.onnx"], "cannot write no/such/folder/a.onnx"),
        (["a.onnx", "--step", "3"], "it has 40"),
    ],
)
def test_a_bad_command_is_one_clear_error(
    run: Path,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    Path("there.onnx").write_text("mine")
    assert main(["export", str(run), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.onnx"]
    assert Path("there.onnx").read_text() == "mine"


def test_a_family_that_no_library_has_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    command = ["export", "pretrained:quicknet", str(tmp_path / "a.safetensors"), "--to", "torchvision"]
    assert main(command) == 2
    assert "QuickNet has no counterpart" in capsys.readouterr().err


def test_answers_that_differ_are_not_written(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(ELEMENTS, "max", ELEMENTS["min"])
    assert main(["export", str(run), str(tmp_path / "a.onnx")]) == 2
    assert "was not written" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
