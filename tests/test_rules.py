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
    ],
)
def test_a_new_name_keeps_what_the_wildcards_stood_for(pattern, new, name, expected):
    assert rules.matches(pattern, name)
    assert rules.rename(pattern, new, name) == expected
