"""JAX's random keys in NumPy: what decodes pictures draws the numbers that the compiled step would, without JAX.

Source: Threefry-2x32 of Salmon et al. 2011, as `jax.random` uses it (`jax_threefry_partitionable`, its default).
"""

import numpy as np

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = np.uint32(0x1BD11BDA)


def fold_in(keys: np.ndarray, data: np.ndarray | int) -> np.ndarray:
    """`jax.random.fold_in` of keys [..., 2] uint32 and numbers [...]."""
    number = np.asarray(data, np.uint32)
    return np.stack(_threefry(keys[..., 0], keys[..., 1], np.zeros_like(number), number), axis=-1)


def uniform(keys: np.ndarray, count: int) -> np.ndarray:
    """`jax.random.uniform(key, (count,))` of each of the keys [..., 2]: [..., count] float32 in [0, 1)."""
    place = np.arange(count, dtype=np.uint32)
    high, low = _threefry(keys[..., :1], keys[..., 1:], np.zeros_like(place), place)
    bits = (high ^ low) >> np.uint32(9) | np.uint32(0x3F800000)
    return bits.view(np.float32) - np.float32(1)


def _threefry(first: np.ndarray, second: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    keys = (first, second, first ^ second ^ PARITY)
    with np.errstate(over="ignore"):
        x, y = x + keys[0], y + keys[1]
        for round_ in range(5):
            for rotation in ROTATIONS[round_ % 2]:
                x = x + y
                y = x ^ (y << np.uint32(rotation) | y >> np.uint32(32 - rotation))
            x = x + keys[(round_ + 1) % 3]
            y = y + keys[(round_ + 2) % 3] + np.uint32(round_ + 1)
    return x, y
