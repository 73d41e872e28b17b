"""The process set-up leaves results what they are."""

import subprocess
import sys

from tiny import environment

PROGRAM = """
from jaxcnn import runtime
runtime.prepare(dtype="bfloat16")
import jax
import jax.numpy as jnp
import numpy as np

images, kernel = (jnp.asarray(np.random.default_rng(0).normal(size=s), "bfloat16") for s in [(100, 64, 32), (32, 32)])

def mean(images):
    for _ in range(2):
        images = jax.nn.relu(images @ kernel)
    return images.astype(jnp.float32).mean(1)

compiled = jax.jit(mean)(images)
with jax.disable_jit():
    np.testing.assert_allclose(compiled, mean(images), rtol=0.05, atol=0.5)
"""


def test_a_mean_of_dense_layers_in_bfloat16_is_a_number():
    """XLA's own is none: YNNPACK fuses the mean with both layers, and reads memory that nobody wrote."""
    surroundings = environment(JAXCNN_RUNTIME="on", GLIBC_TUNABLES="glibc.malloc.hugetlb=1")
    command = [sys.executable, "-c", PROGRAM]
    result = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
