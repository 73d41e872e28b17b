"""What judges maps, and what describes features, against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from scipy.stats import spearmanr

from helpers.opened import CLASSES, IMAGES, SHAPE, Linear, catalog, made
from jaxcnn import drawing
from jaxcnn.inspect import features, fields, judge
from jaxcnn.inspect.fields import Window, receptive_field
from jaxcnn.inspect.network import Network


def test_evidence_in_one_cell_scores_one_and_even_evidence_chance():
    maps = jnp.zeros((2, 8, 8)).at[:, :4, 4:].set(3.0).at[:, 4:, :4].set(-5.0)
    np.testing.assert_allclose(judge.pointing_game(maps, jnp.array([1, 1])), 1)
    np.testing.assert_allclose(judge.pointing_game(maps, jnp.array([2, 0])), 0)
    np.testing.assert_allclose(judge.pointing_game(jnp.ones((2, 8, 8)), jnp.array([0, 3])), 0.25)


def test_mosaics_put_images_in_rows():
    seen = judge.mosaics(IMAGES[:4])
    assert seen.shape == (1, 32, 32, 3)
    np.testing.assert_array_equal(seen[0, :16, 16:], IMAGES[1])
    np.testing.assert_array_equal(seen[0, 16:, :16], IMAGES[2])


def test_of_a_linear_network_the_true_order_is_the_best():
    network = made(Linear())
    truth = (IMAGES * jax.grad(lambda x: network.score(CLASSES)(x).sum())(IMAGES)).sum(-1)
    chance = jax.random.normal(jax.random.key(3), truth.shape)
    areas = [judge.area(*judge.removal_curve(network, IMAGES, CLASSES, maps)) for maps in (truth, chance, -truth)]
    assert areas[0] < areas[1] < areas[2]
    inserted = [judge.area(*judge.removal_curve(network, IMAGES, CLASSES, m, insert=True)) for m in (truth, -truth)]
    assert inserted[0] > inserted[1]


def test_removal_begins_with_the_image_and_ends_with_the_mean():
    network = catalog()
    fractions, probabilities = judge.removal_curve(network, IMAGES, CLASSES, IMAGES.sum(-1))
    shares = jax.nn.softmax(network.logits(jnp.stack([IMAGES, jnp.zeros_like(IMAGES)]).reshape(-1, *SHAPE)))
    ends = jnp.take_along_axis(shares, jnp.tile(CLASSES, 2)[:, None], 1).reshape(2, -1).mean(1)
    np.testing.assert_allclose(probabilities[[0, -1]], ends, rtol=1e-4)
    assert (fractions[0], fractions[-1]) == (0, 1)


def test_shuffling_keeps_the_numbers_and_other_layers():
    variables = catalog().variables
    shuffled = judge.randomized(variables, "head")
    kernel, other = (np.asarray(each["params"]["head"]["kernel"]) for each in (variables, shuffled))
    assert (kernel != other).any()
    np.testing.assert_array_equal(np.sort(kernel, axis=None), np.sort(other, axis=None))
    same = shuffled["params"]["stem"]["conv"]["kernel"]
    np.testing.assert_array_equal(variables["params"]["stem"]["conv"]["kernel"], same)


def test_rank_correlation_is_spearman_of_absolute_values():
    a, b = (jax.random.normal(jax.random.key(seed), (3, 5, 5)) for seed in (0, 1))
    expected = [spearmanr(np.abs(x).ravel(), np.abs(y).ravel()).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(judge.rank_correlation(a, b), expected, atol=1e-6)


def test_cka_is_blind_to_rotation_and_scale_and_nothing_else():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(50, 8))
    rotation = np.linalg.qr(draw.normal(size=(8, 8)))[0]
    assert features.cka(x, 3 * x @ rotation) == pytest.approx(1)
    assert features.cka(x, draw.normal(size=(50, 8))) < 0.5
    wide = draw.normal(size=(50, 300))
    assert features.cka(wide, x) == pytest.approx(features.cka(x, wide))
    assert features.cka(wide, wide) == pytest.approx(1)


def test_principal_components_are_uncorrelated_and_ordered():
    x = np.random.default_rng(0).normal(size=(200, 3)) * [5, 2, 0.1]
    places, explained = features.principal_components(x, 2)
    np.testing.assert_allclose(np.corrcoef(places.T), np.eye(2), atol=1e-6)
    np.testing.assert_allclose(explained, np.sort(x.var(0))[::-1][:2] / x.var(0).sum(), rtol=0.05)


@pytest.mark.parametrize("together", [200, 4])
def test_the_most_exciting_images_reach_their_value_again(together: int, monkeypatch: pytest.MonkeyPatch):
    network = catalog()
    maps = features.maps(network, IMAGES, "stage2_block1")
    monkeypatch.setattr(features, "BATCH", together)
    found = features.most_exciting(network, np.asarray(IMAGES), "stage2_block1", count=3)
    for channel, seen in enumerate(found):
        np.testing.assert_allclose(maps[seen.images, seen.rows, seen.columns, channel], seen.values)
        np.testing.assert_allclose(seen.values, np.sort(maps[..., channel].max((1, 2)))[::-1][:3])


def test_kernels_are_pictures_with_gray_for_zero():
    kernel = np.zeros((3, 3, 3, 2), np.float32)
    kernel[0, 0, 0, 0], kernel[1, 1, 1, 0] = 2, -1
    pictures = drawing.kernel_pictures(kernel)
    assert pictures[0, 0, 0].tolist() == [255, 128, 128]
    assert pictures[0, 1, 1].tolist() == [128, 64, 128]
    assert (pictures[1] == 128).all()
    assert drawing.kernel_pictures(np.ones((3, 3, 16, 4))).max() == 255


class Stack(nn.Module):
    """Convolutions of all-one kernels."""

    depth: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        for layer in range(self.depth):
            x = nn.Conv(1, (3, 3), use_bias=False, kernel_init=nn.initializers.ones, name=f"conv{layer + 1}")(x)
        return x.mean((1, 2))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_the_effective_field_of_a_linear_stack_is_a_product_of_itself(depth: int):
    network = Network(Stack(depth), Stack(depth).init(jax.random.key(0), jnp.zeros((1, 21, 21, 1))), (21, 21, 1))
    field = fields.effective_field(network, jnp.ones((1, 21, 21, 1)), f"conv{depth}")
    profile = np.array([1.0])
    for _ in range(depth):
        profile = np.convolve(profile, [1, 1, 1])
    expected = np.outer(profile, profile) / profile.sum() ** 2
    reach = depth
    np.testing.assert_allclose(field[10 - reach : 11 + reach, 10 - reach : 11 + reach], expected, atol=1e-6)
    assert fields.extent(field) == (2 * depth + 1,) * 2
    assert receptive_field([Window(3)] * depth) == (2 * depth + 1, 1)
    half = fields.extent(field, 0.5)
    assert half[0] <= 2 * depth + 1


def test_arithmetic_of_fields():
    assert receptive_field([Window(7, 2), Window(3, 2), Window(3)]) == (19, 4)
    assert receptive_field([Window(3, 1, 2)]) == (5, 1)
