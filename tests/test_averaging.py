import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.averaging import moving_average


@pytest.mark.parametrize("decay", [0.5, 0.999, 0.9999])
def test_a_moving_average_forgets_where_it_began_and_reaches_its_decay(decay):
    """It begins at 1, and all that follows is 0: what is left is how much of the beginning an average of it holds."""
    left, kept = jnp.float32(1), []
    for step in range(100):
        before, left = left, moving_average(decay, jnp.int32(step), left, jnp.float32(0))
        kept.append(float(left / before))
    np.testing.assert_allclose(kept, [min(decay, (1 + k) / (10 + k)) for k in range(100)], rtol=1e-5)
    assert left < 1e-9  # a constant decay of 0.9999 would leave 99 %
    late = moving_average(decay, jnp.int32(1_000_000), jnp.float32(1), jnp.float32(0))
    assert float(late) == pytest.approx(decay, rel=1e-6)
