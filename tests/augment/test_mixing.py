"""Mixtures: what they do to images and labels, and that devices do not matter."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers.draws import draw, images
from helpers.steps import assert_close, step_over
from jaxcnn import assemble, augment
from jaxcnn.data.for_run import load_images


def mixed(name, count=1000, size=8):
    """Image i holds i everywhere, so that what is seen says where it came from; labels 0, 1, 2, 0, ..."""
    batch = jnp.broadcast_to(jnp.arange(count, dtype=jnp.float32)[:, None, None, None], (count, size, size, 3))
    labels = jnp.arange(count) % 3
    seen, targets = jax.jit(augment.build([name], classes=3))(draw(count), batch, labels)
    return np.asarray(seen), np.asarray(targets), np.asarray(labels)


def test_mixup_is_the_mean_that_its_target_says():
    seen, targets, labels = mixed("mixup:alpha=1")
    share = targets[np.arange(1000), labels]
    np.testing.assert_allclose(targets.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(targets[np.arange(1000), (labels - 1) % 3][1:], 1 - share[1:], atol=1e-6)
    partner = (np.arange(1000) - 1) % 1000
    np.testing.assert_allclose(
        seen[1:, 0, 0, 0], (share * np.arange(1000) + (1 - share) * partner)[1:], rtol=1e-4, atol=1e-3
    )
    assert share[1:].mean() == pytest.approx(0.5, abs=0.03)
    assert share[1:].std() == pytest.approx(1 / np.sqrt(12), rel=0.05)


def test_a_small_alpha_leaves_most_images_almost_alone():
    share = mixed("mixup:alpha=0.2")[1].max(1)
    assert share.mean() > 0.85


def test_cutmix_shares_the_label_by_the_area_that_is_seen():
    seen, targets, labels = mixed("cutmix")
    own = seen[..., 0] == np.arange(1000)[:, None, None]
    np.testing.assert_allclose(own.mean((1, 2))[1:], targets[np.arange(1000), labels][1:], atol=1e-6)
    partner = seen[..., 0] == ((np.arange(1000) - 1) % 1000)[:, None, None]
    assert (own | partner).all()
    for box in ~own[:200]:
        rows, columns = box.any(1), box.any(0)
        assert (box == rows[:, None] & columns[None]).all()
        assert abs(np.diff(rows.astype(int))).sum() <= 2


def test_a_part_of_the_box_of_cutmix_is_lost_over_the_edge():
    """A box of side s, whose center is anywhere, covers s - s^2/4 of each side in the mean, and s^2 is uniform."""
    seen, _, _ = mixed("cutmix:alpha=1", size=64)
    own = (seen[:, :, :, 0] == np.arange(1000)[:, None, None]).mean((1, 2))
    deviation = own.std() / np.sqrt(len(own))
    assert own.mean() == pytest.approx(1 - (1 / 2 - 1 / 5 + 1 / 48), abs=4 * deviation)


@pytest.mark.slow
def test_the_partner_is_the_same_on_one_device_and_on_four(tiny):
    optimizer = replace(tiny.optimizer, learning_rate=0.01)
    tiny = replace(tiny, augment=("crop:padding=2", "cutmix", "mixup"), optimizer=optimizer, model="softmax", ema=0.0)
    training = assemble.assemble(tiny, load_images(tiny))
    pool, indices = training.device_data(), np.arange(32)
    ends = [step_over(training.recipe, parts)(training.initial_state(), pool, indices) for parts in (1, 4)]
    one, four = [(state.params, sums["loss"], sums["correct"]) for state, sums in ends]
    assert_close(one, four, 1e-4)


def test_partners_cross_from_device_to_device():
    batch = images(12)
    keys = jax.random.split(jax.random.key(0), 12)

    def partner(keys, images):
        return augment.Draw(keys, keys, jnp.int32(0), "batch").partner(images)

    shares = jax.vmap(partner, axis_name="batch")(keys.reshape(3, 4), batch.reshape(3, 4, *batch.shape[1:]))
    assert (shares.reshape(batch.shape) == jnp.roll(batch, 1, axis=0)).all()
