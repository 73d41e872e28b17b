"""Weights out by other libraries' names are the inverse of weights in, for every family that has such names."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from flax import linen as nn
from safetensors.numpy import save_file

from jaxcnn.errors import UserError
from jaxcnn.models.construct import build
from jaxcnn.models.torchvision import TORCHVISION, twin_of
from jaxcnn.weights import export_weights, import_weights
from jaxcnn.weights.arrays import as_kernel
from jaxcnn.weights.foreign import from_kernel
from jaxcnn.weights.names import TABLES

# Narrow members: spec, pixels, libraries.
NARROW = {
    "alexnet": (32, ["torchvision"]),
    "vgg11_bn:depths=(1,1),widths=(4,5),hidden=(6,)": (8, ["torchvision"]),
    "squeezenet1_1_224:stages=((2,2),(3,)),stem=4": (32, ["torchvision"]),
    "resnet18:blocks=(1,1),widths=(4,8)": (8, ["torchvision", "timm", "kuangliu"]),
    "regnet_y_400mf_224:blocks=(2,1),widths=(16,32)": (16, ["torchvision"]),
    "densenet_bc_100_12:layers=(2,1),growth=4": (16, ["torchvision"]),
    "googlenet_224:width=0.03,auxiliary=True": (224, ["torchvision"]),
    "inception_v3_299:width=0.03,auxiliary=True": (299, ["torchvision"]),
    "mobilenet_v1:rows=((8,1),(16,2)),width=0.5": (16, ["timm"]),
    "mobilenet_v2:rows=((1,8,1,1),(2,8,2,2)),width=0.5": (16, ["torchvision"]),
    "mobilenet_v3_small:hidden=8,width=0.25": (32, ["torchvision"]),
    "shufflenet_v2:blocks=(2,),widths=(8,),stem=4,final=8": (16, ["torchvision"]),
    "mnasnet0_5_224:width=0.25": (32, ["torchvision"]),
    "efficientnet_b0:rows=((1,3,1,8,1),(2,5,2,8,2)),width=0.5": (16, ["torchvision"]),
    "efficientnet_v2_s_384:rows=(('fused',1,3,1,8,1),('fused',4,3,2,8,1),('mbconv',4,3,2,8,2)),final=8": (
        32,
        ["torchvision"],
    ),
    "convnext_tiny:blocks=(1,1),widths=(4,8)": (16, ["torchvision", "timm"]),
    "repvgg_a0:stem=4,blocks=(2,1),widths=(4,8),strides=(1,2)": (16, ["timm"]),
}
WHOLE = {
    name: (int(name[-3:]), ["timm"])
    for name in ("inception_v4_299", "inception_resnet_v2_299", "xception_299", "nasnet_a_large_331")
}
CASES = [pytest.param(name, *rest) for name, rest in NARROW.items()]
CASES += [pytest.param(name, *rest, marks=pytest.mark.slow) for name, rest in WHOLE.items()]


def network(spec: str, side: int) -> tuple[nn.Module, dict[str, Any]]:
    """A model and random variables, drawn without compiling anything."""
    model, draw = build(spec, 3, jnp.float32), np.random.default_rng(0)
    images = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
    shapes = jax.eval_shape(lambda x: model.init(jax.random.key(0), x, train=False), images)
    return model, jax.tree.map(lambda leaf: draw.normal(size=leaf.shape).astype(np.float32), dict(shapes))


@pytest.mark.parametrize(("spec", "side", "libraries"), CASES)
def test_out_and_in_again_gives_the_same_bits(spec: str, side: int, libraries: list[str]):
    model, variables = network(spec, side)
    for library in libraries:
        entries = export_weights(model, variables, (side, side, 3), library)
        again, report = import_weights(model, entries, (side, side, 3))
        jax.tree.map(np.testing.assert_array_equal, again, {"batch_stats": {}, **variables})
        assert set(report.ignored.values()) <= {"num_batches_tracked"}
        norms = sum(name.endswith(".running_mean") for name in entries)
        assert norms == sum(name.endswith(".num_batches_tracked") for name in entries)


def test_every_family_with_names_is_tried():
    tried = {
        (type(build(spec, 3, jnp.float32)), each) for spec, (_, all_) in {**NARROW, **WHOLE}.items() for each in all_
    }
    assert tried == {(family, library) for family, tables in TABLES.items() for library in tables}


@pytest.mark.parametrize(("shape", "channels"), [((3, 2, 5, 7), 5), ((4, 6), 4), ((5 * 9, 6), 5)])
def test_layouts_of_kernels_are_inverse(shape: tuple[int, ...], channels: int):
    kernel = np.random.default_rng(0).normal(size=shape)
    foreign = from_kernel(kernel, channels)
    np.testing.assert_array_equal(as_kernel(foreign, channels)[0], kernel)
    assert foreign.shape == (shape[-1], *([shape[2], *shape[:2]] if len(shape) == 4 else shape[:1]))


def test_layer_scales_have_torchvisions_shape():
    model, variables = network("convnext_tiny:blocks=(1,1),widths=(4,8)", 16)
    assert export_weights(model, variables, (16, 16, 3))["features.1.0.layer_scale"].shape == (4, 1, 1)
    assert export_weights(model, variables, (16, 16, 3), "timm")["stages.0.blocks.0.gamma"].shape == (4,)


def test_shortcuts_that_pad_elsewhere_are_refused():
    model, variables = network("resnet20:blocks=(1,1),widths=(4,8)", 8)
    with pytest.raises(UserError, match="option=A_both"):
        export_weights(model, variables, (8, 8, 3), "kuangliu")


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, np.float16])
def test_a_file_of_half_precision_is_read_as_float32(dtype: type, tmp_path: Path):
    model, variables = network("resnet18:blocks=(1,),widths=(4,)", 8)
    entries = {name: array.astype(dtype) for name, array in export_weights(model, variables, (8, 8, 3)).items()}
    save_file(entries, tmp_path / "half.safetensors")
    for source in (entries, tmp_path / "half.safetensors"):
        again = import_weights(model, source, (8, 8, 3)).variables
        kernel = np.asarray(variables["params"]["stem"]["conv"]["kernel"])
        np.testing.assert_array_equal(
            again["params"]["stem"]["conv"]["kernel"], kernel.astype(dtype).astype(np.float32)
        )


def test_twins_are_named_both_ways():
    assert twin_of("resnet18_224") == "resnet18"
    assert twin_of("resnet18") is None
    assert len({twin.model for twin in TORCHVISION.values()}) == len(TORCHVISION)
