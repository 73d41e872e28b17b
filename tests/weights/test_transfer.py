"""What a fine-tuning takes from another network, by rules, and the account of it."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.errors import UserError
from jaxcnn.weights.transfer import merge, transfer


def variables(value, classes=10, **more):
    params = {
        "conv1": {"kernel": jnp.full((3, 3, 3, 4), value)},
        "norm1": {"scale": jnp.full(4, value), "bias": jnp.full(4, value)},
        "head": {"kernel": jnp.full((4, classes), value), "bias": jnp.full(classes, value)},
    }
    return {
        "params": params | more,
        "batch_stats": {"norm1": {"mean": jnp.full(4, value), "var": jnp.full(4, value)}},
    }


THEIRS, OURS = variables(1.0), variables(0.0)
TAKE = ("*", "load")


def test_everything_is_taken_by_default_statistics_too():
    result, report = transfer(THEIRS, OURS, [TAKE])
    assert result["params"]["head"]["bias"].tolist() == [1] * 10
    assert result["batch_stats"]["norm1"]["var"].tolist() == [1] * 4
    assert {name: row["leaves"] for name, row in report.to_dict().items()} == {
        "loaded": 7, "renamed": 0, "initialized": 0, "skipped": 0, "mismatched": 0,
    }  # fmt: skip
    assert report.to_dict()["loaded"]["parameters"] == 108 + 8 + 50
    assert report.to_dict()["loaded"]["statistics"] == 8
    assert "loaded          7 leaves           166 parameters         8 statistics" in str(report)


def test_what_is_fresh_keeps_our_values_and_theirs_stays_behind():
    result, report = transfer(variables(1.0, classes=100), OURS, [("head/*", "init"), TAKE])
    assert result["params"]["head"]["kernel"].shape == (4, 10)
    assert float(result["params"]["head"]["kernel"].max()) == 0
    assert float(result["params"]["conv1"]["kernel"].min()) == 1
    account = report.to_dict()
    assert account["initialized"]["names"] == account["skipped"]["names"] == ["head/bias", "head/kernel"]
    assert (account["initialized"]["parameters"], account["skipped"]["parameters"]) == (50, 500)


def test_a_layer_goes_under_a_new_name_with_its_statistics():
    theirs = {c: {"stage1": {"norm3" if k == "norm1" else k: v for k, v in THEIRS[c].items()}} for c in THEIRS}
    rules = [("stage1/norm?/*", "load norm1/*"), ("stage1/*", "load *")]
    with pytest.raises(UserError, match=r"one \* for each of the 2 wildcards"):
        transfer(theirs, OURS, rules)
    rules = [("stage1/norm3/*", "load norm1/*"), ("stage1/*", "load *")]
    result, report = transfer(theirs, OURS, rules)
    assert result["batch_stats"]["norm1"]["mean"].tolist() == [1] * 4
    assert len(report.renamed) == 7
    assert "norm1/mean (stage1/norm3/mean)" in report.to_dict()["renamed"]["names"]


def test_layers_move_up_where_new_ones_come_between():
    """Source layers a0, a1 become a0, a2; ours are a0, a1, a2."""
    theirs = {"params": {"a0": {"k": jnp.ones(1)}, "a1": {"k": 2 * jnp.ones(1)}}, "batch_stats": {}}
    ours = {"params": {f"a{i}": {"k": jnp.zeros(1)} for i in range(3)}, "batch_stats": {}}
    result, report = transfer(theirs, ours, [("a1/*", "load a2/*"), ("a1/*", "init"), TAKE])
    assert [float(result["params"][f"a{i}"]["k"][0]) for i in range(3)] == [1, 0, 2]
    assert [entry.name for entry in report.initialized] == ["a1/k"]


def test_one_layer_is_taken_and_all_else_is_fresh():
    result, report = transfer(THEIRS, OURS, [("conv1/*", "load"), ("*", "init")])
    assert float(result["params"]["conv1"]["kernel"].min()) == 1
    assert float(result["params"]["head"]["kernel"].max()) == 0
    assert (len(report.loaded), len(report.initialized), len(report.skipped)) == (1, 6, 6)


def test_dtypes_are_ours():
    half = {c: {m: {k: v.astype(jnp.bfloat16) for k, v in w.items()} for m, w in THEIRS[c].items()} for c in THEIRS}
    result, _ = transfer(half, OURS, [TAKE])
    assert result["params"]["head"]["kernel"].dtype == np.float32


@pytest.mark.parametrize(
    ("theirs", "ours", "restore", "message"),
    [
        (variables(1.0, 100), OURS, [TAKE], r"head/kernel is \[4, 100\] there, \[4, 10\] here"),
        (variables(1.0, 100), OURS, [TAKE], r"rules in front: --init.restore 'head/\*' init '\*' load"),
        (
            THEIRS,
            variables(0.0, conv2={"kernel": jnp.ones(2)}),
            [TAKE],
            "conv2/kernel is in the network, but no weights",
        ),
        (THEIRS, variables(0.0, conv2={"kernel": jnp.ones(2)}), [TAKE], r"'conv2/\*' init '\*' load"),
        (
            variables(1.0, aux={"x": {"k": jnp.ones(2)}}),
            OURS,
            [TAKE],
            "aux/x/k is in the source, but not in the network",
        ),
        (variables(1.0, aux={"x": {"k": jnp.ones(2)}}), OURS, [TAKE], r"'aux/\*' skip '\*' load"),
        (THEIRS, OURS, [("head/*", "load")], "no rule covers .* of the source; end with"),
        (THEIRS, OURS, [("hed/*", "init"), TAKE], "'hed/\\*' matches no leaf of this network; did you mean 'head/"),
        (THEIRS, OURS, [("hed/*", "skip"), TAKE], "'hed/\\*' matches no leaf of the source; did you mean 'head/"),
        (THEIRS, OURS, [("head/*", "freeze"), TAKE], "cannot read the action 'freeze'"),
        (THEIRS, OURS, [("*", "fresh all")], "cannot read the action"),
        (THEIRS, OURS, [("head/*", "skip"), TAKE], "head/bias is in the network, but no weights are loaded there"),
        (
            variables(1.0, conv2={"kernel": jnp.ones((3, 3, 3, 4))}),
            OURS,
            [("conv2/*", "load conv1/*"), TAKE],
            "both conv1/kernel and conv2/kernel would become conv1/kernel",
        ),
        (
            variables(1.0, conv2={"kernel": jnp.ones((3, 3, 3, 4))}),
            OURS,
            [("conv1/*", "init"), ("conv2/*", "load conv1/*"), TAKE],
            "conv1/kernel is both initialized and loaded from conv2/kernel",
        ),
    ],
)
def test_a_bad_transfer_is_one_clear_error(theirs, ours, restore, message):
    with pytest.raises(UserError, match=message):
        transfer(theirs, ours, restore)


def test_the_rules_that_an_error_proposes_mend_it():
    import shlex

    theirs = variables(1.0, 100, aux={"x": {"k": jnp.ones(2)}, "y": {"k": jnp.ones(2)}})
    ours = variables(0.0, conv2={"kernel": jnp.ones(2)}, top=jnp.ones(3))
    with pytest.raises(UserError) as refused:
        transfer(theirs, ours, [TAKE])
    (line,) = [line for line in str(refused.value).splitlines() if "--init.restore" in line]
    words = shlex.split(line.split("--init.restore ")[1])
    _, report = transfer(theirs, ours, list(zip(words[::2], words[1::2], strict=True)))
    assert {entry.name for entry in report.initialized} == {"head/kernel", "head/bias", "conv2/kernel", "top"}
    assert {entry.name for entry in report.skipped} == {"head/kernel", "head/bias", "aux/x/k", "aux/y/k"}
    assert len(report.loaded) == 5


def test_merge_puts_a_part_in_its_place_and_changes_nothing_else():
    part = {"params": {"head": THEIRS["params"]["head"]}}
    merged = merge(OURS, part)
    assert float(merged["params"]["head"]["kernel"].min()) == 1
    assert merged["params"]["conv1"] == OURS["params"]["conv1"]
    assert float(OURS["params"]["head"]["kernel"].max()) == 0
    with pytest.raises(UserError, match=r"no params/heed/bias; did you mean 'head/bias'"):
        merge(OURS, {"params": {"heed": part["params"]["head"]}})
    with pytest.raises(UserError, match=r"head/kernel is \[4, 3\] in the part and \[4, 10\] in the base"):
        merge(OURS, {"params": {"head": {"kernel": jnp.zeros((4, 3))}}})
