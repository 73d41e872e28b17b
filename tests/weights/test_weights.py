"""Weights from PyTorch's names and layouts, and `.safetensors` files."""

import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxcnn
from jaxcnn import MODELS, UserError
from jaxcnn.models.residual import SHORTCUTS
from jaxcnn.weights import import_weights, read_safetensors, save_weights, theirs
from jaxcnn.weights.leaves import shapes

CLASSES = 3


def small() -> Any:
    return MODELS["vgg11_bn"](num_classes=CLASSES, depths=(1, 1), widths=(4, 5), hidden=(6,), conv_bias=False)


def state_dict(seed: int = 0) -> dict[str, np.ndarray]:
    """Of the same network in PyTorch: two convolutions, normalized and pooled, on 8x8 pixels; two dense layers."""
    draw = np.random.default_rng(seed)
    shapes = {"features.0.weight": (4, 3, 3, 3), "features.4.weight": (5, 4, 3, 3)}
    for name, width in (("features.1", 4), ("features.5", 5)):
        shapes |= {f"{name}.{entry}": (width,) for entry in ("weight", "bias", "running_mean", "running_var")}
    shapes |= {"classifier.0.weight": (6, 5 * 2 * 2), "classifier.0.bias": (6,)}
    shapes |= {"classifier.3.weight": (CLASSES, 6), "classifier.3.bias": (CLASSES,)}
    entries = {name: draw.uniform(0.5, 1.5, shape).astype(np.float32) for name, shape in shapes.items()}
    return entries | {f"features.{i}.num_batches_tracked": np.asarray(7) for i in (1, 5)}


def conv(images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """[N, C, H, W] and OIHW, a pixel of zeros around: the definition, pixel by pixel."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.zeros((len(images), len(kernel), *images.shape[2:]))
    for row in range(out.shape[2]):
        for column in range(out.shape[3]):
            window = padded[:, :, row : row + 3, column : column + 3]
            out[:, :, row, column] = np.einsum("nchw,ochw->no", window, kernel)
    return out


def torch_logits(state: dict[str, np.ndarray], images: np.ndarray) -> np.ndarray:
    """What PyTorch's network computes from [N, C, H, W], written down in NumPy."""
    x = images
    for index in (0, 4):
        gain, bias, mean, var = (
            state[f"features.{index + 1}.{entry}"][None, :, None, None]
            for entry in ("weight", "bias", "running_mean", "running_var")
        )
        x = np.maximum((conv(x, state[f"features.{index}.weight"]) - mean) / np.sqrt(var + 1e-5) * gain + bias, 0)
        n, c, h, w = x.shape
        x = x.reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))
    x = np.maximum(x.reshape(len(x), -1) @ state["classifier.0.weight"].T + state["classifier.0.bias"], 0)
    return x @ state["classifier.3.weight"].T + state["classifier.3.bias"]


IMAGE = (8, 8, 3)


def test_the_imported_network_computes_the_same():
    images = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype(np.float32)
    variables, report = jaxcnn.import_weights(small(), state_dict(), image_shape=IMAGE)
    wanted = torch_logits(state_dict(), images.transpose(0, 3, 1, 2))
    np.testing.assert_allclose(jax.jit(small().apply)(variables, images), wanted, rtol=1e-4)
    assert set(report.ignored) == {"features.1.num_batches_tracked", "features.5.num_batches_tracked"}
    assert (report.parameters, report.batch_stats) == (453, 18)
    assert "1  CHW -> HWC, OI -> IO" in str(report)


def test_the_order_of_entries_does_not_matter():
    entries = state_dict()
    shuffled = {name: entries[name] for name in sorted(entries, reverse=True)}
    first, second = (import_weights(small(), each, image_shape=IMAGE).variables for each in (entries, shuffled))
    jax.tree.map(np.testing.assert_array_equal, first, second)


def fresh(model: Any) -> Any:
    """Variables on 32x32 pixels, drawn without compiling anything."""
    draw, images = np.random.default_rng(2), jnp.zeros((1, 32, 32, 3))
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), images, train=False))
    return jax.tree.map(lambda leaf: draw.normal(size=leaf.shape).astype(np.float32), shapes)


def without(name: str) -> dict[str, np.ndarray]:
    return {key: value for key, value in state_dict().items() if key != name}


def changed(name: str, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return state_dict() | {name: np.ones(shape, np.float32)}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            changed("features.4.weight", (5, 4, 5, 5)),
            r"features.4.weight is \[5, 4, 5, 5\].*params/stage2_conv1/kernel \[3, 3,",
        ),
        (changed("features.1.bias", (3,)), r"features.1.bias is \[3\].*params/stage1_norm1/bias \[4\]"),
        (changed("classifier.3.weight", (10, 6)), r"classifier.3.weight is \[10, 6\].*params/head/kernel \[6, 3\]"),
        (changed("classifier.0.weight", (6, 5 * 49)), r"classifier.0.weight .*params/dense1/kernel .*image_shape"),
        (
            without("features.4.weight"),
            r"no 'features.4.weight' for params/stage2_conv1/kernel \[3, 3, 4, 5\] .*1 of 14",
        ),
        (without("features.1.running_var"), r"no 'features.1.running_var' for batch_stats/stage1_norm1/var \[4\]"),
        (
            without("classifier.3.bias"),
            r"no 'classifier.3.bias' for params/head/bias \[3\].*no entry of theirs is left",
        ),
        (
            changed("features.8.weight", (5, 5, 3, 3)),
            r"'features.8.weight' \[5, 5, 3, 3\], which the model has no place for \(1 of 15 .* for params/stage\d_",
        ),
        (
            changed("features.0.bias", (4,)),
            r"'features.0.bias' \[4\].*'features.\d.bias' for params/stage\d_norm1/bias",
        ),
        (changed("features.1.momentum", (1,)), r"'features.1.momentum' \[1\].*another variant"),
        (
            {name.replace("features", "layers"): array for name, array in state_dict().items()},
            r"no 'features.0.weight'.*10 of 14 .* torchvision's names .*did you mean 'layers.0.weight' \[4, 3, 3, 3\]",
        ),
        ({"epoch": 3, "weights": state_dict()}, r"'epoch' holds int.*state dict"),
        ({}, r"no 'features.0.weight' .*14 of 14"),
    ],
)
def test_a_bad_state_dict_is_one_clear_error_that_names_both_sides(source: dict, said: str):
    with pytest.raises(UserError, match=re.compile(said, re.DOTALL)):
        import_weights(small(), source, image_shape=IMAGE)


def test_a_layer_that_moved_to_another_block_is_refused():
    """All shapes fit: only the names tell."""
    model = MODELS["resnet20"](blocks=(2,), widths=(4,))
    entries = foreign(model)
    assert len(import_weights(model, entries).report.taken) == len(entries)
    entries["layer1.1.conv3.weight"] = entries.pop("layer1.0.conv1.weight")
    with pytest.raises(
        UserError, match=r"no 'layer1.0.conv1.weight' for params/stage1_block1/conv1/kernel .*'layer1.1.conv3.weight'"
    ):
        import_weights(model, entries)


def foreign(model: Any, library: str | None = None) -> dict[str, np.ndarray]:
    """The state dict of a model without dense layers on an image: all ones."""
    turn = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}
    shape, names = shapes(model, (32, 32, 3)), theirs(model, (32, 32, 3), library)
    return {name: np.ones([shape[leaf][axis] for axis in turn[len(shape[leaf])]]) for leaf, name in names.items()}


def test_of_several_libraries_the_one_whose_names_are_there_is_taken():
    model = MODELS["convnext_tiny"](blocks=(1, 1), widths=(4, 8))
    for library, scale in (("torchvision", "features.1.0.layer_scale"), ("timm", "stages.0.blocks.0.gamma")):
        entries = foreign(model, library)
        entries[scale] = entries[scale].reshape(-1, 1, 1)
        taken = {leaf.path: leaf.name for leaf in import_weights(model, entries).report.taken}
        assert taken["params/stage1_block1/layer_scale"] == scale
        del entries[scale]
        with pytest.raises(UserError, match=rf"no '{scale}'.*1 of \d+ entries by {library}'s names"):
            import_weights(model, entries)


WRAPPED = {
    "state_dict": lambda entries: {"epoch": 3, "state_dict": entries, "optimizer": {"lr": 0.1}},
    "model": lambda entries: {"model": entries},
    "net": lambda entries: {"net": entries, "acc": 93.0},
    "twice": lambda entries: {"state_dict": {"model": entries}},
}


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "model.", "module._orig_mod.model."])
@pytest.mark.parametrize("wrapped", [None, *WRAPPED])
def test_what_programs_wrap_a_state_dict_in_is_taken_off_and_reported(prefix: str, wrapped: str | None):
    entries = {prefix + name: array for name, array in state_dict().items()}
    source = WRAPPED[wrapped](entries) if wrapped else entries
    plain, (variables, report) = import_weights(small(), state_dict(), IMAGE), import_weights(small(), source, IMAGE)
    jax.tree.map(np.testing.assert_array_equal, plain.variables, variables)
    said = str(report)
    assert said.count("without the prefix") == prefix.count(".")
    assert ("taken from" in said) == (wrapped is not None)
    assert "by the names of torchvision" in said
    if wrapped == "net":
        assert "taken from 'net', beside acc" in said


def test_a_prefix_that_not_all_names_have_is_no_prefix():
    entries = state_dict()
    entries["module.features.0.weight"] = entries.pop("features.0.weight")
    with pytest.raises(UserError, match=r"no 'features.0.weight'.*did you mean 'module.features.0.weight'"):
        import_weights(small(), entries, IMAGE)


@pytest.mark.parametrize("option", ["B", "A_both"])
def test_networks_of_kuangliu_and_akamaster_are_recognized_by_their_names(option: str):
    model = MODELS["resnet20"](blocks=(1, 1), widths=(4, 8), option=option)
    report = import_weights(model, foreign(model, "kuangliu")).report
    taken = {leaf.path: leaf.name for leaf in report.taken}
    assert taken["params/head/kernel"] == "linear.weight"
    assert ("layer2.0.shortcut.0.weight" in taken.values()) == (option == "B")
    assert "by the names of kuangliu" in str(report)


def test_weights_for_zeros_on_both_sides_are_refused_where_the_model_has_them_behind():
    """The names and shapes are the same; the result would be wrong, silently."""
    model = MODELS["resnet20"](blocks=(1, 1), widths=(4, 8))
    with pytest.raises(UserError, match=r"zeros on both sides, .*resnet20:option=A_both"):
        import_weights(model, foreign(model, "kuangliu"))


def test_the_shortcut_of_akamaster_is_his_line():
    """F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, planes // 4, planes // 4), "constant", 0)"""
    x = np.random.default_rng(0).normal(size=(2, 6, 6, 16)).astype(np.float32)
    expected = np.pad(x.transpose(0, 3, 1, 2)[:, :, ::2, ::2], ((0, 0), (32 // 4, 32 // 4), (0, 0), (0, 0)))
    ours = SHORTCUTS["A_both"](x, 32, 2, None)  # pyrefly: ignore[not-callable]
    np.testing.assert_array_equal(np.asarray(ours).transpose(0, 3, 1, 2), expected)


def test_entries_of_auxiliary_heads_are_left_where_the_model_has_none():
    model = MODELS["googlenet_224"](num_classes=CLASSES)
    entries = foreign(model)
    with pytest.raises(UserError, match=r"'fc\.aux'.*the model has no place for"):
        import_weights(model, entries | {"fc.aux": np.ones(1)})
    report = import_weights(model, entries | {"aux1.fc1.bias": np.ones(1)}).report
    assert report.ignored == {"aux1.fc1.bias": "auxiliary head (model built without it)"}


def test_a_model_without_a_counterpart_is_refused():
    with pytest.raises(UserError, match=r"PreActResNet has no counterpart.*ResNet"):
        import_weights(MODELS["preact_resnet18"](), state_dict())


def test_a_file_is_read_as_the_dict_is(tmp_path: Path):
    from safetensors.numpy import save_file

    save_file(state_dict(), tmp_path / "torch.safetensors")
    read = import_weights(small(), tmp_path / "torch.safetensors", image_shape=IMAGE).variables
    jax.tree.map(
        np.testing.assert_array_equal, read, import_weights(small(), state_dict(), image_shape=IMAGE).variables
    )


def test_what_is_saved_is_read_back(tmp_path: Path):
    model = MODELS["resnet20"](widths=(4, 4, 8), blocks=(1, 1, 1))
    variables = jax.tree.map(lambda leaf: leaf.T.copy().T, fresh(model))  # of other strides than they are written in
    save_weights(tmp_path / "ours.safetensors", variables)
    assert "params/stage1_block1/conv2/kernel" in read_safetensors(tmp_path / "ours.safetensors")
    again, report = import_weights(model, tmp_path / "ours.safetensors")
    jax.tree.map(np.testing.assert_array_equal, again, variables)
    assert not report.ignored
    with pytest.raises(UserError, match=r"params/head/bias is \[10\] there and \[7\] in the model"):
        import_weights(model.clone(num_classes=7), tmp_path / "ours.safetensors")


def test_a_small_image_is_tried_where_none_is_named(tmp_path: Path):
    model = MODELS["lenet5"]()
    save_weights(tmp_path / "lenet.safetensors", fresh(model))
    assert import_weights(model, tmp_path / "lenet.safetensors").report.parameters == 62_006


def test_damaged_absent_and_pickled_files_are_refused(tmp_path: Path):
    path = tmp_path / "cut.safetensors"
    save_weights(path, {"params": {"kernel": np.ones((3, 3), np.float32)}})
    path.write_bytes(path.read_bytes()[:-1])
    (tmp_path / "old.pth").write_bytes(b"\x80\x02}q\x00.")
    for name, said in (("cut.safetensors", "truncated"), ("old.pth", "never read"), ("none.safetensors", "not a file")):
        with pytest.raises(UserError, match=said):
            read_safetensors(tmp_path / name)
    with pytest.raises(UserError, match="cannot write"):
        save_weights(tmp_path / "no" / "folder.safetensors", {"params": {"x": np.ones(1)}})
