"""Every kind of network for small images learns: through the command line, on real photographs, in a few minutes."""

import json
import math
import os
import sys
from pathlib import Path

import pytest

from jaxcnn import cli
from jaxcnn.config import Config, DataConfig, OptimizerConfig, ScheduleConfig

pytestmark = pytest.mark.slow

CONFIG = Config(
    name="learning",
    data=DataConfig(classes=("airplane", "automobile"), validation=100),
    optimizer=OptimizerConfig(name="adam", learning_rate=1e-3),
    schedule=ScheduleConfig(name="constant"),
    duration="100steps",
    batch_size=32,
    log_every="10steps",
    evaluate_every="100steps",
    checkpoint_every="100steps",
    tensorboard=False,
)
# Narrowed and, where depth is repetition, shortened: the code of every family, at about 10 million MACs.
MODELS = (
    "neuron",
    "softmax",
    "mlp:hidden=(128,)",
    "lenet5_1998",
    "lenet5",
    "cudaconvnet_quick",
    "cudaconvnet_18pct",
    "cudaconvnet_13pct",
    "cudaconvnet_11pct",
    "alexnet",
    "convnet",
    "quicknet",
    "vgg11:widths=(16,16,32,32,64)",
    "vgg16c_bn:widths=(8,16,32,32,64)",
    "resnet20:widths=(8,16,32)",
    "plain20:widths=(8,16,32)",
    "resnet50:blocks=(1,1,1,1),widths=(8,16,32,64)",
    "resnext29_2x64d:blocks=(1,1,1),widths=(16,32,64)",
    "se_resnet20:blocks=(1,1,1),widths=(16,16,32)",
    "preact_resnet164:blocks=(2,2,2),widths=(4,8,16)",
    "wrn_16_4:widths=(16,32,64)",
    "densenet_40_12:layers=(3,3,3)",
    "densenet_bc_100_12:layers=(3,3,3)",
    "googlenet:width=0.1",
    "inception_v3:width=0.1",
    "mobilenet_v1:width=0.25",
    "mobilenet_v2:width=0.25",
    "mobilenet_v3_small:width=0.5",
    "shufflenet_v2:blocks=(1,2,1),widths=(24,48,96),final=128",
    "efficientnet_b0:width=0.25",
    "nasnet_a:cells=1,filters=8,stem_width=16",
    "convnext_tiny:blocks=(1,1,2,1),widths=(16,32,64,128)",
    "repvgg_a0:stem=16,blocks=(1,1,2,1),widths=(16,32,64,128)",
    "resnet9:widths=(16,32,32,64)",
    "airbench94:widths=(16,32,32)",
)
IN_BFLOAT16 = ("mlp", "alexnet", "vgg16c_bn", "resnet20", "wrn_16_4", "mobilenet_v2", "airbench94")
CASES = [(spec, "float32") for spec in MODELS]
CASES += [(spec, "bfloat16") for spec in MODELS if spec.partition(":")[0] in IN_BFLOAT16]


@pytest.mark.parametrize(("spec", "dtype"), CASES)
def test_the_loss_falls(spec: str, dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if not (Path(os.environ.get("TFDS_DATA_DIR", "")) / "cifar10").is_dir():
        pytest.skip("TFDS_DATA_DIR holds no cifar10")
    monkeypatch.setattr(sys, "argv", ["", "--model", spec, "--dtype", dtype, "--folder", str(tmp_path / "run")])
    with pytest.raises(SystemExit) as ended:
        cli.main(CONFIG, __doc__)
    assert ended.value.code == 0
    rows = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if row["split"] == "train"]
    assert len(losses) == 10
    assert all(math.isfinite(value) for row in rows for value in row.values() if not isinstance(value, str))
    assert sum(losses[-3:]) / 3 < 0.92 * losses[0], losses
