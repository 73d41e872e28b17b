"""Our transposed convolution with PyTorch's weights, against PyTorch's."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxcnn.layers.upsample import conv_transpose

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.parity


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (4, 2, 1), (4, 4, 0), (6, 3, 1), (3, 2, 1)])
def test_it_is_conv_transpose_2d_with_its_kernel_turned(kernel: int, stride: int, padding: int):
    """PyTorch keeps [channels in, channels out, height, width]."""
    theirs = torch.nn.ConvTranspose2d(5, 7, kernel, stride, padding, bias=False)
    images = torch.randn(2, 5, 6, 9)
    wanted = theirs(images).detach().numpy().transpose(0, 2, 3, 1)
    weights = theirs.weight.detach().numpy().transpose(2, 3, 0, 1)
    found = conv_transpose(jnp.asarray(images.numpy().transpose(0, 2, 3, 1)), jnp.asarray(weights), stride, padding)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
