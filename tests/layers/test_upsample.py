import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxcnn.layers.upsample import UPSAMPLES, ConvTranspose, SubPixel, conv_transpose, interleave
from jaxcnn.models import FOR_PICTURES, count

CASES = [(2, 2, 0), (4, 2, 1), (4, 2, 0), (6, 2, 2), (4, 4, 0), (6, 3, 1), (3, 2, 1), (5, 2, 2), (5, 3, 1)]
KEYS = jax.random.split(jax.random.key(0), 3)
X = jax.random.normal(KEYS[0], (2, 5, 7, 3))


@pytest.mark.parametrize(("side", "stride", "padding"), CASES)
def test_it_is_the_transpose_of_a_convolution(side: int, stride: int, padding: int):
    """<conv(y), x> = <y, transposed(x)> for every x and y, with PyTorch's padding."""
    kernel = jax.random.normal(KEYS[1], (side, side, 3, 4))
    size = tuple(stride * (n - 1) + side - 2 * padding for n in X.shape[1:3])
    y = jax.random.normal(KEYS[2], (2, *size, 4))
    pads = [(padding, padding)] * 2
    down = lax.conv_general_dilated(
        y, kernel.swapaxes(2, 3), (stride, stride), pads, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    up = conv_transpose(X, kernel, stride, padding)
    assert up.shape == y.shape
    np.testing.assert_allclose(jnp.vdot(down, X), jnp.vdot(y, up), rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize(("side", "stride", "padding"), CASES)
def test_it_equals_a_convolution_of_the_dilated_map(side: int, stride: int, padding: int):
    kernel = jax.random.normal(KEYS[1], (side, side, 3, 4))
    pads = [(side - 1 - padding,) * 2] * 2
    expected = lax.conv_general_dilated(
        X, kernel[::-1, ::-1], (1, 1), pads, lhs_dilation=(stride,) * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    np.testing.assert_allclose(conv_transpose(X, kernel, stride, padding), expected, atol=1e-4)


@pytest.mark.parametrize("name", UPSAMPLES)
@pytest.mark.parametrize("factor", [2, 3])
def test_every_way_enlarges_by_its_factor(name: str, factor: int):
    y, variables = UPSAMPLES[name](6, factor=factor).init_with_output(jax.random.key(0), X)
    assert y.shape == (2, 5 * factor, 7 * factor, 6)
    assert set(jax.tree.leaves(jax.tree.map(lambda p: p.dtype, variables))) == {jnp.dtype("float32")}


@pytest.mark.parametrize("kernel", [3, 5])
def test_an_indivisible_window_still_enlarges_by_the_factor(kernel: int):
    y, variables = ConvTranspose(6, kernel=kernel).init_with_output(jax.random.key(0), X)
    assert y.shape == (2, 10, 14, 6)
    whole = conv_transpose(X, jnp.asarray(variables["params"]["kernel"]), 2, 0)
    first = -(-(kernel - 2) // 2)
    np.testing.assert_allclose(y, whole[:, first : first + 10, first : first + 14], atol=1e-4)


def test_a_new_subpixel_convolution_enlarges_without_a_pattern():
    y, _ = SubPixel(6).init_with_output(jax.random.key(0), X)
    blocks = y.reshape(2, 5, 2, 7, 2, 6)
    np.testing.assert_array_equal(blocks, jnp.broadcast_to(blocks[:, :, :1, :, :1], blocks.shape))


def test_interleave_puts_channels_in_rows_and_columns():
    x = jnp.arange(8.0).reshape(1, 1, 1, 8)
    np.testing.assert_array_equal(interleave(x, 2)[0, ..., 0], [[0, 2], [4, 6]])


PUBLISHED = {
    ("unet", 3, 2): 31_037_698,  # milesial/Pytorch-UNet
    ("dncnn", 1, 1): 556_096,  # cszn/DnCNN
    ("edsr", 3, 3): 1_369_859,  # EDSR-baseline x2
    ("espcn", 3, 3): 26_796,
}


@pytest.mark.parametrize(("name", "inputs", "outputs"), PUBLISHED)
def test_parameters_are_the_published_ones(name: str, inputs: int, outputs: int):
    assert (
        count(FOR_PICTURES[name](num_classes=outputs), (32, 32, inputs)).parameters == PUBLISHED[name, inputs, outputs]
    )


@pytest.mark.parametrize("name", FOR_PICTURES)
def test_the_parameters_of_networks_for_pictures_are_named(name: str):
    shapes = jax.eval_shape(FOR_PICTURES[name](num_classes=3).init, jax.random.key(0), jnp.zeros((1, 32, 32, 3)))
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(shapes)]
    assert not [path for path in paths if any(made in path for made in ("Conv_", "Dense_", "BatchNorm_"))]
