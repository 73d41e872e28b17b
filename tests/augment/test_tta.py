from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from jaxcnn.augment import tta
from jaxcnn.models import construct


class Corner(nn.Module):
    """Its logits are the first pixel's channels."""

    def __call__(self, images, train=False):
        return images[:, 0, 0, :]


IMAGES = jax.random.normal(jax.random.key(0), (2, 6, 6, 3))
REFLECTED = np.pad(IMAGES, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")


@pytest.mark.parametrize("name", tta.TTA)
def test_weights_sum_to_one_and_every_view_is_another(name):
    weighted = tta.TTA[name](IMAGES)
    assert sum(weight for weight, _ in weighted) == pytest.approx(1)
    assert len({np.asarray(view).tobytes() for _, view in weighted}) == len(weighted)


def test_logits_are_averaged_over_mirrors_and_diagonal_shifts():
    def pair(y, x):  # of the window of the padded image that begins there: its first and its last column
        return (REFLECTED[:, y, x] + REFLECTED[:, y, x + 5]) / 2

    expected = pair(1, 1) / 2 + pair(0, 0) / 4 + pair(2, 2) / 4
    np.testing.assert_allclose(tta.outputs(Corner(), {}, IMAGES, "flip_translate"), expected, rtol=1e-5)
    np.testing.assert_allclose(tta.outputs(Corner(), {}, IMAGES, "flip"), pair(1, 1), rtol=1e-5)
    assert (tta.outputs(Corner(), {}, IMAGES, "none") == jnp.asarray(IMAGES)[:, 0, 0]).all()


def test_views_take_the_memory_of_one():
    model = construct.build("quicknet", 10, jnp.float32)
    images = jax.ShapeDtypeStruct((256, 32, 32, 3), jnp.float32)
    variables = jax.eval_shape(model.init, jax.random.key(0), images)

    def temporaries(name):
        looked_at = jax.jit(partial(tta.outputs, model, name=name)).lower(variables, images)
        analysis: Any = looked_at.compile().memory_analysis()
        return analysis.temp_size_in_bytes

    assert temporaries("flip_translate") < 3 * temporaries("none")  # of which one is the shifted images
