import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn import losses
from jaxcnn.config import LossConfig
from jaxcnn.errors import UserError

LOGITS = jax.random.normal(jax.random.key(0), (6, 10))
LABELS = jnp.array([0, 3, 9, 3, 1, 5])


def loss(name, logits, targets, **options):
    return losses.build(LossConfig(name=name, **options))(logits, targets)


def test_cross_entropy_is_minus_the_log_of_the_right_probability():
    expected = -np.log(np.asarray(jax.nn.softmax(LOGITS)))[np.arange(6), LABELS]
    np.testing.assert_allclose(loss("cross_entropy", LOGITS, LABELS), expected, rtol=1e-5)


def test_smoothing_mixes_in_the_uniform_distribution():
    log_p = np.asarray(jax.nn.log_softmax(LOGITS))
    expected = -(0.8 * log_p[np.arange(6), LABELS] + 0.2 * log_p.mean(-1))
    np.testing.assert_allclose(loss("cross_entropy", LOGITS, LABELS, smoothing=0.2), expected, rtol=1e-5)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_one_hot_and_integer_targets_agree(name):
    one_hot = jax.nn.one_hot(LABELS, 10)
    np.testing.assert_allclose(loss(name, LOGITS, LABELS), loss(name, LOGITS, one_hot), rtol=1e-6)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_bfloat16_logits_are_scored_in_float32(name):
    assert loss(name, LOGITS.astype(jnp.bfloat16), LABELS).dtype == jnp.float32


def test_one_neuron_scores_alike_as_sigmoid_and_as_softmax_with_a_reference_class():
    logits, labels = LOGITS[:, :1], LABELS % 2
    np.testing.assert_allclose(
        loss("binary_cross_entropy", logits, labels), loss("cross_entropy", logits, labels), rtol=1e-5, atol=1e-6
    )


def test_squared_error():
    expected = ((np.asarray(LOGITS) - np.eye(10)[LABELS]) ** 2).sum(-1)
    np.testing.assert_allclose(loss("squared_error", LOGITS, LABELS), expected, rtol=1e-5)


def test_penalty_counts_only_what_has_weight():
    params = {"kernel": jnp.array([1.0, -2.0]), "bias": jnp.array([100.0])}
    weights = {"kernel": 1.0, "bias": 0.0}
    assert losses.penalty(LossConfig(l1=0.5, l2=0.1), params, weights) == pytest.approx(0.5 * 3 + 0.05 * 5)


def test_a_bad_loss_is_one_clear_error():
    with pytest.raises(UserError, match="did you mean 'cross_entropy'"):
        losses.build(LossConfig(name="crossentropy"))


# Class weights

NAMES = tuple("abcdefghij")


def test_balanced_weights_are_those_of_scikit_learn():
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.repeat(np.arange(10), np.arange(3, 13))
    ours = losses.class_weights(("balanced",), NAMES, np.bincount(labels).tolist())
    assert ours is not None
    np.testing.assert_allclose(ours, compute_class_weight("balanced", classes=np.arange(10), y=labels), rtol=1e-6)
    assert ours[labels].mean() == pytest.approx(1, rel=1e-6)


def test_a_weighted_loss_is_that_of_repeated_examples():
    """A class of weight three is one whose examples are there three times."""
    weights = losses.class_weights(("d=3", "b=0.5"), NAMES, ())
    plain = losses.build(LossConfig(smoothing=0.1))
    each = losses.weighted(plain, weights)(LOGITS, LABELS)
    factors = np.where(np.asarray(LABELS) == 3, 3, np.where(np.asarray(LABELS) == 1, 0.5, 1))
    np.testing.assert_allclose(each, factors * plain(LOGITS, LABELS), rtol=1e-6)
    half = (jax.nn.one_hot(LABELS, 10) + jax.nn.one_hot(jnp.full(6, 3), 10)) / 2
    mixed = losses.weighted(plain, weights)(LOGITS, half)
    np.testing.assert_allclose(mixed, (factors + 3) / 2 * plain(LOGITS, half), rtol=1e-5)


def test_without_weights_the_loss_is_the_same_function():
    plain = losses.build(LossConfig())
    assert all(losses.weighted(plain, losses.class_weights(each, NAMES, ())) is plain for each in ((), ("none",)))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (("balance",), "'balance' is not none, balanced or CLASS=WEIGHT"),
        (("z=2",), "unknown class of loss.class_weights 'z'"),
        (("a=0",), "greater than 0"),
        (("a=much",), "greater than 0"),
    ],
)
def test_weights_that_cannot_be_meant(chosen, message):
    with pytest.raises(UserError, match=message):
        losses.class_weights(chosen, NAMES, (1,) * 10)
