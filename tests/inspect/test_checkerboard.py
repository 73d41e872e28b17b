import numpy as np
import pytest

from jaxcnn.inspect.checkerboard import excess, overlap, phase_spread

NOISE = np.random.default_rng(0).normal(size=(400, 16, 16, 3))
BOARD = np.indices((16, 16)).sum(0)[:, :, None] % 2


@pytest.mark.parametrize(
    ("kernel", "stride", "expected"), [(3, 2, 0.484), (5, 2, 0.286), (4, 2, 0), (2, 2, 0), (6, 3, 0)]
)
def test_overlap_is_the_known_one(kernel: int, stride: int, expected: float):
    assert overlap(kernel, stride) == pytest.approx(expected, abs=5e-4)


def test_a_board_is_found_and_noise_is_none():
    assert phase_spread(NOISE) < 0.02
    assert phase_spread(NOISE + 0.5 * BOARD) == pytest.approx(0.5 / (NOISE + 0.5 * BOARD).std(), rel=0.05)
    assert excess(NOISE, NOISE[::-1]) == pytest.approx(1)
    assert excess(NOISE + 0.5 * BOARD, NOISE) > 2
