"""`python -m jaxcnn models` and `summary`: tables that agree with the models."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from published_classics import CLASSICS
from published_modern import MODERN
from published_torchvision import TORCHVISION

from helpers.processes import environment, run_command
from jaxcnn.__main__ import main
from jaxcnn.commands.models import size
from jaxcnn.models import FOR_PICTURES, MODELS, count
from jaxcnn.models.counts import count_layers
from jaxcnn.models.papers import ACCURACIES, PAPERS, paper
from jaxcnn.models.sizes import PICTURE_SIZES, SIZES, Size


def test_every_model_has_a_size_and_every_fact_a_model():
    assert set(SIZES) <= set(MODELS)
    assert ACCURACIES.keys() <= MODELS.keys()
    assert {name for name in SIZES if paper(name) is None} == {"convnet", "quicknet"}
    assert {each for _, each in PAPERS} == {paper(name) for name in [*SIZES, *PICTURE_SIZES]} - {None}


def test_sizes_are_the_published_ones():
    """The published counts are themselves tested against the networks."""
    compared = set()
    for name, options, image, parameters, _, macs in CLASSICS + MODERN + TORCHVISION:
        size = SIZES[name]
        if image == size.image and options == ({"num_classes": 1000} if image[0] >= 224 else {}):
            assert size == Size(image, parameters, macs), name
            compared.add(name)
    assert set(SIZES) - compared == {"neuron", "softmax", "mlp", "convnet", "quicknet"}


def test_a_new_model_is_one_line_and_its_size_is_counted(monkeypatch):
    monkeypatch.setitem(MODELS, "another", MODELS["resnet20"])
    assert size("another") == SIZES["resnet20"]


def test_sizes_of_networks_for_pictures():
    assert PICTURE_SIZES.keys() == FOR_PICTURES.keys()
    for name, known in PICTURE_SIZES.items():
        counts = count(FOR_PICTURES[name](num_classes=3), known.image)
        assert (counts.parameters, counts.macs) == (known.parameters, known.macs), name


@pytest.mark.parametrize("name", ["softmax", "mlp", "convnet", "quicknet", "neuron"])
def test_sizes_of_the_rest(name: str):
    counts = count(MODELS[name](num_classes=2 if name == "neuron" else 10))
    assert SIZES[name] == Size((32, 32, 3), counts.parameters, counts.macs)


@pytest.mark.parametrize("name", ["cudaconvnet_13pct", "resnet20", "mobilenet_v3_small", "convnext_tiny"])
def test_layers_add_up(name: str):
    layers, total = count_layers(MODELS[name]()), count(MODELS[name]())
    assert sum(layer.counts.parameters for layer in layers) == total.parameters
    assert sum(layer.counts.batch_stats for layer in layers) == total.batch_stats
    assert len({layer.path for layer in layers}) == len(layers)


def test_models_is_a_line_for_each(capsys):
    assert main(["models"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["name", "parameters"]
    assert [line.split()[0] for line in lines] == [*MODELS, *FOR_PICTURES]
    resnet20 = next(line for line in lines if line.startswith("resnet20 "))
    assert re.split(r" {2,}", resnet20) == [
        *("resnet20", "269,722", "40,551,040", "32x32x3", "91.25"),
        *("He et al. 2015, arXiv:1512.03385", "He et al. 2015, table 6"),
    ]


def test_torchvisions_networks_are_a_table_in_markdown(capsys):
    assert main(["models", "--torchvision", "--filter", "shufflenet"]) == 0
    head, rule, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("| torchvision | jaxcnn |")
    assert rule.startswith("| :-- |")
    assert [row.split(" | ")[1] for row in rows] == [
        *("shufflenet_v2_x0_5_224", "shufflenet_v2_224"),
        *("shufflenet_v2_x1_5_224", "shufflenet_v2_x2_0_224"),
    ]


def test_summary_has_the_layers_of_a_variant(capsys):
    assert main(["summary", "resnet20:widths=(4,4,8),blocks=(1,1,1)", "--classes", "7", "--image", "8", "8", "1"]) == 0
    lines = [re.split(r" {2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]
    assert ["stage3_block1/conv1", "Conv", "2x2x8", "288", "0", "1,152"] in lines
    assert ["head", "Head", "7", "63", "0", "56"] in lines
    assert any(line[:3] == ["total", "15 layers", "7 outputs"] for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model"], "unknown command 'model': did you mean 'models'?"),
        (["models", "--filter", "vvg"], "did you mean 'vgg19'"),
        (["models", "--torchvision", "--filter", "vit"], "no model has 'vit'"),
        (["summary", "resnet5"], "did you mean 'resnet56'"),
        (["summary", "resnet20:depth=3"], "takes no 'depth'"),
        (["summary", "vgg16", "--image", "8", "8", "3"], "at least 32x32 pixels"),
    ],
)
def test_a_bad_command_is_one_clear_error_and_status_2(arguments: list[str], message: str, capsys):
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def run_into_head(folder: Path) -> tuple[int, str]:
    """Exit status and errors of a command whose reader is gone before it writes."""
    command = [sys.executable, "-m", "jaxcnn", "models"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as out:
        result = subprocess.run(command, cwd=folder, env=environment(), stdout=out, stderr=subprocess.PIPE, text=True)
    return result.returncode, result.stderr


def test_it_is_a_command(tmp_path):
    assert "summary" in run_command("jaxcnn", "--help", cwd=tmp_path).stdout
    assert run_into_head(tmp_path) == (0, "")
    wrong = run_command("jaxcnn", "summary", "lenet5", "--classes", "0", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "must be positive" in wrong.stderr
