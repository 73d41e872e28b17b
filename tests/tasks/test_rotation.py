import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.tasks.rotation import HEADS, angular_error, turned

ANGLES = jnp.array([-180.0, -97.0, -1.0, 0.0, 44.0, 90.0, 179.0])


def test_angular_error_is_symmetric_and_periodic():
    a, b = ANGLES, ANGLES[::-1] + 13
    np.testing.assert_allclose(angular_error(a, b), angular_error(b, a), atol=1e-4)
    np.testing.assert_allclose(angular_error(a + 360, b), angular_error(a, b - 720), atol=1e-4)
    assert float(angular_error(jnp.float32(179), jnp.float32(-179))) == pytest.approx(2)
    assert float(angular_error(jnp.linspace(0, 360, 1000), jnp.float32(0)).mean()) == pytest.approx(90, abs=0.2)


def output_of(head: str, angles: jax.Array) -> jax.Array:
    """What a network would put out that knows the angles."""
    radians = jnp.deg2rad(angles)
    return {
        "vector": jnp.stack([jnp.cos(radians), jnp.sin(radians)], -1),
        "degrees": angles[:, None] / 180,
        "normal": jnp.stack([angles / 180, jnp.full(len(angles), -8.0)], -1),
        "classes": 30 * jax.nn.one_hot(jnp.round(angles / 10).astype(jnp.int32) % 36, 36),
    }[head]


@pytest.mark.parametrize("head", HEADS)
def test_a_perfect_network_has_no_error(head: str):
    tolerance = 5.01 if head == "classes" else 1e-3
    outputs = output_of(head, ANGLES)
    assert float(angular_error(HEADS[head].degrees(outputs), ANGLES).max()) <= tolerance
    for name, loss in HEADS[head].losses.items():
        away = loss(output_of(head, ANGLES + 40), ANGLES)
        assert (loss(outputs, ANGLES) < away).all(), name


def test_a_quarter_turn_is_exact_inside_the_disc_and_background_outside():
    images = jax.random.uniform(jax.random.key(0), (2, 9, 9, 3), maxval=255)
    background = jnp.array([1.0, 2.0, 3.0])
    moved = turned(images, jnp.array([90.0, 0.0]), background)
    rows, columns = np.mgrid[-4:5, -4:5]
    disc = rows**2 + columns**2 <= 16
    np.testing.assert_allclose(moved[0][disc], np.rot90(images[0])[disc], atol=1e-2)
    np.testing.assert_allclose(moved[1][disc], images[1][disc], atol=1e-3)
    np.testing.assert_array_equal(moved[:, ~disc], np.broadcast_to(background, (2, (~disc).sum(), 3)))


def test_the_likelihood_is_that_of_a_normal_distribution():
    from scipy.stats import norm

    outputs = jnp.array([[0.2, -1.0], [-0.5, 0.3]])
    angles = jnp.array([50.0, -170.0])
    expected = -norm.logpdf(np.asarray(angles) / 180, outputs[:, 0], np.exp(np.asarray(outputs[:, 1]) / 2))
    np.testing.assert_allclose(HEADS["normal"].losses["normal_likelihood"](outputs, angles), expected, rtol=1e-5)


def test_huber_is_squared_near_and_absolute_far():
    loss = HEADS["degrees"].losses["huber"]
    assert float(loss(jnp.array([[0.3]]), jnp.zeros(1))[0]) == pytest.approx(0.3**2 / 2)
    assert float(loss(jnp.array([[2.0]]), jnp.zeros(1))[0]) == pytest.approx(0.5 * (2.0 - 0.25))
