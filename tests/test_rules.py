import jax.numpy as jnp
import pytest

from jaxcnn import rules
from jaxcnn.errors import UserError

TREE = {"stem": {"kernel": jnp.zeros(2), "bias": jnp.zeros(1)}, "head": {"kernel": jnp.zeros(3)}}


def test_the_first_match_wins_and_the_rest_has_the_default():
    values = rules.assign([("head/*", 2.0), ("*kernel", 1.0)], TREE, 0.5, "setting")
    assert values == {"stem": {"kernel": 1.0, "bias": 0.5}, "head": {"kernel": 2.0}}


def test_a_pattern_that_others_forestalled_is_no_error():
    assert rules.assign([("*", 1.0), ("head/*", 2.0)], TREE, 0.0, "setting")["head"]["kernel"] == 1.0


def test_a_bad_pattern_is_one_clear_error():
    with pytest.raises(UserError, match=r"optimizer.freeze: the pattern 'heed/kernel' .* did you mean 'head/kernel'"):
        rules.assign([("heed/kernel", 1.0)], TREE, 0.0, "optimizer.freeze")


def test_partition_and_combine_are_inverse():
    mask = rules.assign([("head/*", False)], TREE, True, "setting")
    chosen, others = rules.partition(mask, TREE)
    assert chosen["head"]["kernel"] is None
    assert others["stem"]["kernel"] is None
    assert rules.paths(rules.combine(chosen, others)) == rules.paths(TREE)


@pytest.mark.parametrize(
    ("pattern", "new", "name", "expected"),
    [
        ("stage1/*", "stage_a/*", "stage1/conv1/kernel", "stage_a/conv1/kernel"),
        ("*", "backbone/*", "conv1/kernel", "backbone/conv1/kernel"),
        ("conv?/*", "block_*/conv/*", "conv3/bias", "block_3/conv/bias"),
        ("conv[0-3]/*", "c*/*", "conv2/bias", "c2/bias"),
        ("conv[!0]/kernel", "c*/kernel", "conv2/kernel", "c2/kernel"),
        ("a.b/kernel", "c/kernel", "a.b/kernel", "c/kernel"),
        ("stage{s}_block{b}/conv{n}", "layer{s}.{b-1}.conv{n}", "stage3_block12/conv2", "layer3.11.conv2"),
        ("stage{s}_*/norm", "features.{2*s-1}.{s+5}.*", "stage2_block1/norm", "features.3.7.block1"),
    ],
)
def test_a_new_name_keeps_what_the_wildcards_stood_for(pattern, new, name, expected):
    assert rules.matches(pattern, name)
    assert rules.rename(pattern, new, name) == expected


@pytest.mark.parametrize("name", ["conv", "convx", "conv1a", "conv-1"])
def test_a_number_is_all_digits(name):
    assert not rules.matches("conv{n}", name)


@pytest.mark.parametrize(
    ("pattern", "new", "said"),
    [
        ("conv{n}/*", "conv{n}", r"one \* for each of the 1 wildcards"),
        ("conv{n}/*", "conv{m-1}/*", r"'conv\{m-1\}/\*' has the number \{m\}, which 'conv\{n\}/\*' does not have"),
        ("conv{n}/conv{n}", "conv{n}", "cannot read the pattern"),
    ],
)
def test_a_bad_new_name_is_one_clear_error(pattern, new, said):
    with pytest.raises(UserError, match=said):
        rules.rename(pattern, new, "conv1/kernel")
